"""Every section (`evaluation`, `models`, `pairs`): frozen, closed, and its defaults are values it takes."""

import pytest
from pydantic import ValidationError

from pacl_core.params import evaluation, models, pairs
from pacl_core.params.section import Section

SECTIONS = [
    value
    for module in (evaluation, models, pairs)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Section) and value is not Section
]
REQUIRED = {"record": "r", "path": "p", "reader": "folder", "weights": "w", "name": "n"}


def made(section: type[Section], **more: object) -> Section:
    needed = {
        name: REQUIRED.get(name) or field.annotation.__args__[0]  # type: ignore[union-attr]
        for name, field in section.model_fields.items()
        if field.is_required()
    }
    return section.model_validate(needed | more)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_section_is_closed_and_frozen(section: type[Section]) -> None:
    value = made(section)
    with pytest.raises(ValidationError, match="extra"):
        made(section, no_such_key=1)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, next(iter(section.model_fields)), 1)
    assert section.model_validate(value.model_dump()) == value
