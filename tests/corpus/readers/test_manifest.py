"""Tables of every form: the reader `manifest`, and `manifest_rows` below it."""

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import ManifestParams, PairsParams

JPEG = b"\xff\xd8 readers do not decode"


def read(path: Path, **manifest: Any) -> list[Post | Rejected]:
    params = PairsParams(reader="manifest", path=str(path), manifest=ManifestParams(**manifest))
    return list(read_posts(params))


def manifest(
    folder: Path, name: str, content: str | bytes, images: tuple[str, ...] = ("1.jpg", "2.jpg")
) -> Path:
    for image in images:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).write_bytes(JPEG)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


TWO = [Post("1", JPEG, "one"), Post("2", JPEG, "two")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", "image,text\n1.jpg,one\n2.jpg,two\n"),
        ("m.csv", "text,other,image\r\none,,1.jpg\r\n\r\ntwo,,2.jpg"),
        ("m.csv", "image,text\r1.jpg,one\r2.jpg,two\r"),  # CR alone
        ("m.csv", "\ufeffimage,text\n1.jpg,one\n2.jpg,two\n"),
        ("m.csv", "image,text\n1.jpg,one\n2.jpg,two\n".encode("utf-16")),
        ("m.tsv", "image\ttext\n1.jpg\tone\n 2.jpg \ttwo\n"),
        ("m.jsonl", '{"image": "1.jpg", "text": "one"}\n\n{"text": "two", "image": "2.jpg", "more": 1}'),
    ],
)
def test_reads_the_forms_people_have(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert read(manifest(tmp_path, name, content)) == TWO
    assert read(tmp_path, file=name) == TWO


def test_reads_parquet(tmp_path: Path) -> None:
    manifest(tmp_path, "unused.csv", "")
    pq.write_table(pa.table({"image": ["1.jpg", "2.jpg"], "text": ["one", "two"]}), tmp_path / "m.parquet")
    assert read(tmp_path / "m.parquet") == TWO


def test_bytes_that_are_no_utf8_are_read_as_latin1(tmp_path: Path) -> None:
    content = b"image,text\n1.jpg,caf\xe9\n2.jpg,caf\xc3\xa9\n"
    assert [post.text for post in read(manifest(tmp_path, "m.csv", content))] == ["café", "café"]


def test_ids_and_columns_are_parameters(tmp_path: Path) -> None:
    path = manifest(tmp_path, "m.csv", ",file,words\n x7 ,1.jpg,one\n,2.jpg,two\n")
    first, second = read(path, image="file", text="words", id="")
    assert first == Post("x7", JPEG, "one")
    assert isinstance(second, Rejected) and second.reason == "missing_id"


def test_a_pattern_makes_paths_from_columns(tmp_path: Path) -> None:
    path = manifest(tmp_path, "m.csv", "Theme,Kind\nDog 1 ,cat\n", images=("cat/Dog 1.jpg",))
    assert read(path, image="{Kind}/{Theme}.jpg", text="Theme") == [Post("1", JPEG, "Dog 1 ")]


def test_rows_that_cannot_be_used_are_rejected(tmp_path: Path) -> None:
    rows = "image,text,id\n9.jpg,gone,a\n1.jpg,short\n,none,c\n1.jpg,one,d\n../..,folder,e\n"
    items = read(manifest(tmp_path, "m.csv", rows), id="id")
    assert [item.reason if isinstance(item, Rejected) else item.sample_id for item in items] == [
        "missing_image",
        "malformed_row",
        "missing_image",
        "d",
        "outside_corpus",
    ]
    lines = (
        '{"image": "1.jpg", "text": "one"}\nnot json\n[1]\n{"image": "1.jpg"}\n{"image": [1], "text": ""}\n'
    )
    items = read(manifest(tmp_path, "m.jsonl", lines))
    assert [isinstance(item, Post) for item in items] == [True, False, False, False, False]
    assert {item.reason for item in items[1:] if isinstance(item, Rejected)} == {"malformed_row"}


def test_a_path_that_no_file_system_takes_is_rejected(tmp_path: Path) -> None:
    lines = '{"image": "1\\u0000.jpg", "text": "a"}\n{"image": "\\ud83d.jpg", "text": "b"}\n'
    items = read(manifest(tmp_path, "m.jsonl", lines))
    assert [item.reason for item in items if isinstance(item, Rejected)] == ["unreadable", "unreadable"]


NAN = float("nan")


def as_json_lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    return manifest(folder, "m.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def as_parquet(folder: Path, rows: list[dict[str, Any]]) -> Path:
    manifest(folder, "unused.csv", "")
    pq.write_table(pa.Table.from_pylist(rows), folder / "m.parquet")
    return folder / "m.parquet"


def as_csv(folder: Path, rows: list[dict[str, Any]]) -> Path:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return manifest(folder, "m.csv", stream.getvalue())


@pytest.mark.parametrize("write", [as_json_lines, as_parquet, as_csv])
def test_a_nan_is_an_absent_cell(tmp_path: Path, write: Any) -> None:
    rows = [
        {"image": "1.jpg", "id": 1.0, "text": 7.0},
        {"image": "2.jpg", "id": NAN, "text": 8.0},
        {"image": "2.jpg", "id": 3.0, "text": NAN},
    ]
    first, second, third = read(write(tmp_path, rows), id="id")
    if write is not as_csv:  # where 1.0 is a text that somebody wrote
        assert first == Post("1", JPEG, "7")
    assert isinstance(second, Rejected) and second.reason == "missing_id"
    assert isinstance(third, Post) and third.text == ""  # which the store rejects as empty_text


@pytest.mark.parametrize("write", [as_json_lines, as_parquet])
def test_numbers_that_became_floats_name_their_files(tmp_path: Path, write: Any) -> None:
    rows = [{"number": 1.0, "text": True}, {"number": 2.0, "text": False}, {"number": NAN, "text": None}]
    items = read(write(tmp_path, rows), image="{number}.jpg")
    assert items[:2] == [Post("1", JPEG, "True"), Post("2", JPEG, "False")]
    assert isinstance(items[2], Rejected) and items[2].reason == "missing_image"


def test_a_first_json_line_without_a_key_does_not_stop_the_rest(tmp_path: Path) -> None:
    lines = '{"image": "1.jpg"}\n{"image": "2.jpg", "text": "two"}\n'
    first, second = read(manifest(tmp_path, "m.jsonl", lines))
    assert isinstance(first, Rejected) and first.reason == "malformed_row"
    assert second == Post("2", JPEG, "two")


@pytest.mark.parametrize("write", [as_json_lines, as_parquet])
def test_of_several_captions_the_first_is_the_text(tmp_path: Path, write: Any) -> None:
    rows = [{"image": "1.jpg", "text": ["a dog", "on grass"]}, {"image": "2.jpg", "text": ["only"]}]
    assert read(write(tmp_path, rows)) == [
        Post("1", JPEG, "a dog", {"captions": '["a dog", "on grass"]'}),
        Post("2", JPEG, "only"),
    ]


def test_paths_of_windows_other_cases_and_other_compositions(tmp_path: Path) -> None:
    names = ("images\\0.png", "./images\\1.PNG", "images/caf\u00e9.jpg")
    files = ("images/0.png", "images/1.png", "images/cafe\u0301.jpg")
    content = "image,text\r\n" + "".join(f"{name},x\r\n" for name in (*names, "..\\..\\up.png"))
    items = read(manifest(tmp_path, "m.csv", content, images=files))
    assert items[:3] == [Post(str(number), JPEG, "x") for number in (1, 2, 3)]
    assert isinstance(items[3], Rejected) and items[3].reason == "outside_corpus"


def test_an_unclosed_quote_costs_no_row(tmp_path: Path) -> None:
    swallowed = "".join(f"1.jpg,{'x' * 1000}\n" for _ in range(2000))
    path = manifest(tmp_path, "m.csv", 'image,text\n1.jpg,"open\n' + swallowed + "2.jpg,two\n")
    items = read(path)
    assert [item.text[:5] for item in items if isinstance(item, Post)] == ['"open', *["xxxxx"] * 2000, "two"]


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
        read(manifest(tmp_path, name, content))


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such manifest"):
        read(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"set pairs\.manifest\.file"):
        read(tmp_path)
    with pytest.raises(UserError, match="is not a pattern"):
        read(manifest(tmp_path, "m.csv", "image,text\n"), image="{image")
    with pytest.raises(UserError, match="unknown reader 'manifst'; did you mean 'manifest'"):
        list(read_posts(PairsParams(reader="manifst", path=".")))


TEXTS = st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=8)


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
        path = manifest(Path(folder), f"m{suffix}", stream.getvalue())
        if suffix == ".parquet":
            pq.write_table(pa.table({"image": ["1.jpg"] * len(texts), "text": texts}), path)
        assert read(path) == [Post(str(number), JPEG, text) for number, text in enumerate(texts, start=1)]
