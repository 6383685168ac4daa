"""Values of a params file are changed in place: everything else stays to the letter."""

import difflib

import pytest
import yaml

from pacl_core.errors import UserError
from pacl_core.params.editing import flow, with_entry, with_value, without
from tests.paths import ROOT

TEXT = (ROOT / "params.yaml").read_text()


def changed(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize(
    ("key", "value", "lines"),
    [
        ("pairs.reader", "folder", ["-  reader: openmoji", "+  reader: folder"]),
        (
            "pairs.manifest",
            {"file": "a.csv", "image": "pics/{id}.jpg"},
            [
                "-  manifest: {file: null, image: image, text: text, id: null}",
                "+  manifest: {file: a.csv, image: 'pics/{id}.jpg', text: text, id: null}",
            ],
        ),
        (
            "train.holdout_distance",
            4,
            ["-  holdout_distance: 2  # as under leaks", "+  holdout_distance: 4  # as under leaks"],
        ),
        ("clips.talks", {"reader": "subtitles"}, ["-clips: {}", "+clips: {talks: {reader: subtitles}}"]),
        ("downstream.fi", {"path": "/data/FI"}, ["+  fi: {path: /data/FI}"]),
        ("pairs.path", "a: b # c", ["-  path: data/corpora/openmoji.yaml", "+  path: 'a: b # c'"]),
        ("evaluate.few_shot", [], ["-  few_shot: [16, 64, 256]", "+  few_shot: []"]),
    ],
)
def test_only_the_value_changes(key: str, value: object, lines: list[str]) -> None:
    edited = with_value(TEXT, key, value)
    assert changed(TEXT, edited) == lines
    found = yaml.safe_load(edited)
    for part in key.split("."):
        found = found[part]
    assert found == value or value.items() <= found.items()


def test_a_key_without_a_value_and_a_file_without_a_last_line_end() -> None:
    assert with_value("a:\nb: 1", "a", 2) == "a: 2\nb: 1"
    assert with_value("a: 1", "b", "x") == "a: 1\nb: x\n"
    assert with_value("a:\n  b: 1  # why\nc: 2\n", "a.d", None) == "a:\n  b: 1  # why\n  d: null\nc: 2\n"


def test_no_section_to_write_into() -> None:
    with pytest.raises(UserError, match="'a' is no mapping; write into it by hand: b: 1"):
        with_value("a: [1]\n", "a.b", 1)


def test_an_anchor_is_not_edited_in_two_places() -> None:
    text = "a: &one {x: 1}\nb: *one\n"
    with pytest.raises(UserError, match="cannot be edited in place; write by hand: b"):
        with_value(text, "b", 2)


def test_an_entry_is_taken_out() -> None:
    added = with_value(TEXT, "downstream.fi", {"path": "/data/FI"})
    assert yaml.safe_load(without(added, "downstream", "emoji_sentiment"))["downstream"] == {
        "fi": {"path": "/data/FI"}
    }
    assert changed(added, without(added, "downstream", "emoji_sentiment")) == [
        "-  emoji_sentiment:",
        "-    {record: data/datasets/emoji_sentiment.yaml, path: data/corpora/openmoji.yaml, "
        "image_size: 256}",
    ]
    assert without("a: {b: 1, c: 2}  # d\n", "a", "b") == "a: {c: 2}  # d\n"


def test_flow_quotes_what_braces_would_end() -> None:
    assert flow("images/{name}.jpg") == "'images/{name}.jpg'"
    assert flow(None) == "null"
    section = yaml.compose("a: {}\n").value[0][1]
    assert with_entry("a: {}\n", section, "b: 1") == "a: {b: 1}\n"
