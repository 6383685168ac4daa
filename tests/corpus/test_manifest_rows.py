"""Rows of tables in every form, and paths made of their cells."""

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.manifest_rows import fill, read_pattern, read_rows, split_captions
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected, UnusableError

COLUMNS = ["image", "text"]
TEXTS = st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=8)


def table(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def read(path: Path) -> list[tuple[int, dict[str, Any] | Rejected]]:
    return list(read_rows(path, COLUMNS))


def test_reads_parquet(tmp_path: Path) -> None:
    columns = {"other": [0, 0], "text": ["one", None], "image": ["1.jpg", "2.jpg"]}
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")
    assert read(tmp_path / "m.parquet") == [
        (1, {"image": "1.jpg", "text": "one"}),
        (2, {"image": "2.jpg", "text": None}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", "image,caption\n", r"unknown column 'text'.*\(columns: 'image', 'caption'\)"),
        ("m.csv", "image,tekst\n", "did you mean 'tekst'"),
        ("m.csv", "", "empty"),
        ("m.jsonl", '{"image": 1, "texts": 2}\n', "did you mean 'texts'"),
        ("m.parquet", "not parquet", "unreadable parquet"),
        ("m.xlsx", "", "unknown manifest suffix '.xlsx'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(table(tmp_path, name, content))


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_texts_survive_every_form(texts: list[str], suffix: str, line_end: str) -> None:
    stream = io.StringIO()
    if suffix == ".jsonl":
        stream.writelines(
            json.dumps({"image": "1.jpg", "text": text}, ensure_ascii=False) + "\n" for text in texts
        )
    else:
        # quoted throughout: before Python 3.13 the writer leaves a lone \r bare, which then ends the line
        delimiter = "\t" if suffix == ".tsv" else ","
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        writer.writerow(["image", "text"])
        writer.writerows(["1.jpg", text] for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        path = table(Path(folder), f"m{suffix}", stream.getvalue())
        if suffix == ".parquet":
            pq.write_table(pa.table({"image": ["1.jpg"] * len(texts), "text": texts}), path)
        assert read(path) == [
            (number, {"image": "1.jpg", "text": text}) for number, text in enumerate(texts, start=1)
        ]


def test_a_pattern_takes_columns_in_braces_and_one_column_stands_for_itself() -> None:
    row = {"theme": " dog ", "kind": 7}
    pattern = read_pattern("{kind}/{theme}.jpg", "pairs.manifest.image")
    assert pattern.columns == ("kind", "theme")
    assert fill(pattern, row) == "7/dog.jpg"
    assert fill(read_pattern("theme", ""), row) == "dog"
    assert fill(read_pattern("theme", ""), {"theme": " 'dog' "}, strip="'") == "dog"


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "missing_image"), ("  ", "missing_image"), ([], "malformed_row")],
)
def test_a_cell_that_is_no_path_is_unusable(value: object, reason: str) -> None:
    with pytest.raises(UnusableError) as caught:
        fill(read_pattern("image", ""), {"image": value})
    assert caught.value.rejected("row").reason == reason


def test_a_pattern_that_does_not_close_is_named_by_its_parameter() -> None:
    with pytest.raises(UserError, match=r"pairs\.manifest\.image: '\{image' is not a pattern"):
        read_pattern("{image", "pairs.manifest.image")


TWO = ["a happy dog", "dog on grass"]


@pytest.mark.parametrize(
    "value", [TWO, str(TWO), json.dumps(TWO), f" {TWO} \n", str(np.array(TWO)), ["", *TWO]]
)
def test_the_first_is_the_text_and_all_are_kept(value: object) -> None:
    assert split_captions({"text": value}, "text") == ("a happy dog", {"captions": json.dumps(TWO)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (["only one"], "only one"),
        ('["it\'s \\ud83d\\ude00"]', "it's 😀"),
        (["a", None, float("nan")], "a"),
        ([], ""),
        ("[]", ""),
        ([" ", None], ""),
        (None, ""),
        (float("nan"), ""),
        (12.0, "12"),
        # brackets of a text
        ("[sigh] what a day", "[sigh] what a day"),
        ("['a', b]", "['a', b]"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_text_alone(value: object, text: str) -> None:
    assert split_captions({"text": value}, "text") == (text, {})


@pytest.mark.parametrize("value", [{"a": 1}, b"bytes", [["nested"]], [{"a": 1}]])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(UnusableError, match="malformed_row"):
        split_captions({"text": value}, "text")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), min_size=2))
def test_a_list_is_found_in_its_text(captions: list[str]) -> None:
    expected = captions[0], {"captions": json.dumps(captions, ensure_ascii=False)}
    for written in (str(captions), json.dumps(captions), json.dumps(captions, ensure_ascii=False)):
        assert split_captions({"text": written}, "text") == expected
