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


def numbers() -> list[tuple[type[Section], str]]:
    return [
        (section, name)
        for section in SECTIONS
        for name, field in section.model_fields.items()
        if field.annotation in (float, float | None)
    ]


@pytest.mark.parametrize(("section", "name"), numbers())
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_infinity_and_nan_are_no_numbers(section: type[Section], name: str, value: float) -> None:
    with pytest.raises(ValidationError, match=name):
        made(section, **{name: value})


@pytest.mark.parametrize("section", [one for one in SECTIONS if "seed" in one.model_fields])
def test_a_seed_has_31_bits(section: type[Section]) -> None:
    made(section, seed=2**31 - 1)
    for seed in (-1, 2**31, 2**32):
        with pytest.raises(ValidationError, match="seed"):
            made(section, seed=seed)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (evaluation.EvaluateParams, "variants"),
        (evaluation.EvaluateParams, "protocols"),
        (evaluation.ZeroShotParams, "prompts"),
    ],
)
def test_a_list_of_which_nothing_would_be_done(section: type[Section], key: str) -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        made(section, **{key: []})
