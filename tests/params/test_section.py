"""Every section (`evaluation`, `models`, `pairs`) is frozen and closed; reading one, on small sections.

The whole of params.yaml is in tests/methods/test_params.py.
"""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from pacl_core.errors import UserError
from pacl_core.params import evaluation, models, pairs
from pacl_core.params.section import Section, read_section, validated

SECTIONS = [
    value
    for module in (evaluation, models, pairs)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Section) and value is not Section
]
REQUIRED = {
    "record": "r",
    "path": "p",
    "reader": "folder",
    "weights": "w",
    "name": "n",
    "source": "n",
    "to": ["m"],
}


def made(section: type[Section], **more: object) -> Section:
    needed = {
        field.alias or name: REQUIRED.get(name) or field.annotation.__args__[0]  # type: ignore[union-attr]
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
    assert section.model_validate(value.model_dump(by_alias=True)) == value


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


class Wheel(Section):
    size: int
    rubber: Literal["soft", "hard"] = "soft"


class Bicycle(Section):
    name: str
    front: Wheel
    spare: dict[str, Wheel] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _has_letters(cls, value: str) -> str:
        if not value.isalpha():
            raise ValueError("Letters only")
        return value


GOOD = {"name": "red", "front": {"size": 28}}


def message_of(tree: object) -> str:
    with pytest.raises(UserError) as caught:
        validated(tree, Bicycle, "here")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "name: blau\nfront: {size: 28}\nspare: {left: {size: 26, rubber: hard}}\n"
    )
    assert read_section(tmp_path / "b.yaml", Bicycle) == Bicycle(
        name="blau", front=Wheel(size=28), spare={"left": Wheel(size=26, rubber="hard")}
    )


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"name": "red"}, "here: front: missing"),
        (
            GOOD | {"front": {"size": 28, "rubbr": "soft"}},
            "here: front.rubbr: unknown key; did you mean 'rubber'?",
        ),
        (GOOD | {"xyz": 1}, "here: xyz: unknown key"),
        (
            GOOD | {"spare": {"left": {"size": 1, "sizee": 1}}},
            "here: spare.left.sizee: unknown key; did you mean 'size'?",
        ),
        (
            GOOD | {"front": {"size": 28, "rubber": "sofd"}},
            "here: front.rubber: unknown value 'sofd'; did you mean 'soft'?",
        ),
        (
            GOOD | {"front": {"size": 28, "rubber": "wood"}},
            "here: front.rubber: unknown value 'wood'; known: soft, hard",
        ),
        (GOOD | {"name": "7"}, "here: name: letters only"),
        (
            GOOD | {"name": "7", "spar": {}},
            "here: name: letters only; spar: unknown key; did you mean 'spare'?",
        ),
    ],
)
def test_each_wrong_key_is_named_as_it_is_written(tree: object, message: str) -> None:
    assert message_of(tree) == message


def test_a_file_that_holds_no_section_says_so() -> None:
    assert message_of(["a", "list"]).startswith("here: input should be")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"name: [1,", "not valid YAML: "), (b"name: \xff", r"not UTF-8 .*save it as UTF-8")],
)
def test_a_file_that_is_not_yaml_says_so_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "b.yaml").write_bytes(content)
    with pytest.raises(UserError, match=rf"b\.yaml: {message}") as caught:
        read_section(tmp_path / "b.yaml", Bicycle)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_says_what_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"b\.yaml: no such file$"):
        read_section(tmp_path / "b.yaml", Bicycle)
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UserError, match=r"folder\.yaml: write it first$"):
        read_section(tmp_path / "folder.yaml", Bicycle, "write it first")
