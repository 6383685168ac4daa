"""A YAML file as a section, on sections of one's own; the whole of params.yaml is in tests/methods."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, field_validator

from pacl_core.errors import UserError
from pacl_core.params.reading import read_section, validated
from pacl_core.params.section import Section


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
    assert message_of(["a", "list"]).startswith("here: the file: input should be")


@pytest.mark.parametrize("content", [b"name: [1,", b"name: \xff"])
def test_a_file_that_is_not_yaml_says_so_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"b\.yaml: not valid YAML: ") as caught:
        read_section(tmp_path / "b.yaml", Bicycle)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_says_what_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"b\.yaml: no such file$"):
        read_section(tmp_path / "b.yaml", Bicycle)
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UserError, match=r"folder\.yaml: write it first$"):
        read_section(tmp_path / "folder.yaml", Bicycle, "write it first")
