"""CSV and TSV as people write them: no row lost, no text that holds another row's."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus import delimited_rows
from pacl_core.corpus.delimited_rows import read_delimited

COLUMNS = ["image", "text"]


def rows(folder: Path, content: str, delimiter: str = ",") -> list[list[str] | str]:
    """Fields of each row, or its line number and why it has none; the header left out."""
    (folder / "t").write_text(content, encoding="utf-8", newline="")
    lines = list(read_delimited(folder / "t", COLUMNS, delimiter))
    return [line.fields if line.refused is None else f"{line.number}: {line.refused}" for line in lines[1:]]


def test_a_lone_quote_in_an_unquoted_table_is_a_letter(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        'image\ttext\n0.png\tplain words\n1.png\t"Best day of my life\n2.png\tso tired of rain\n'
        '3.png\tshe said "go away" again\n4.png\t"go" she said\n5.png\tthe end"\n',
        "\t",
    )
    assert found == [
        ["0.png", "plain words"],
        ["1.png", '"Best day of my life'],
        ["2.png", "so tired of rain"],
        ["3.png", 'she said "go away" again'],
        ["4.png", '"go" she said'],
        ["5.png", 'the end"'],
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # never closed
        ('0,"never closed\n1,next row\n2,third row\n',
         [["0", '"never closed'], ["1", "next row"], ["2", "third row"]]),
        # closed by the quotes of a later row, which are not where a field may end
        ('0,"never closed\n1,"a, b"\n2,third\n', [["0", '"never closed'], ["1", "a, b"], ["2", "third"]]),
        ('0,"one\n1,"two\n2,x\n', [["0", '"one'], ["1", '"two'], ["2", "x"]]),
        # a line that is not a row is refused by its number, and no other line is
        ('0,"a, b\n1,next\n', ["2: 3 fields for 2 columns", ["1", "next"]]),
        ('0,"a\nb",c\n1,next\n', [["0", '"a'], ["b\"", "c"], ["1", "next"]]),
        ('0\n1,next\n', ["2: 1 fields for 2 columns", ["1", "next"]]),
        # quotes as CSV has them
        ('0,"line one\nline two"\n1,"say ""hi"", ok"\n',
         [["0", "line one\nline two"], ["1", 'say "hi", ok']]),
        ('0,"\n\n"\n\n1,""\n', [["0", "\n\n"], ["1", ""]]),
        # rows of their own or one field: as the rest of the file has quotes
        ('0,"eggs\nmilk,bread"\n1,"x"\n', [["0", "eggs\nmilk,bread"], ["1", "x"]]),
        ('0,"eggs\n1,bread"\n2,say "hi"\n', [["0", '"eggs'], ["1", 'bread"'], ["2", 'say "hi"']]),
    ],
)  # fmt: skip
def test_quotes_in_csv(tmp_path: Path, content: str, expected: list[list[str] | str]) -> None:
    assert rows(tmp_path, "image,text\n" + content) == expected


def test_a_tsv_is_quoted_where_its_column_names_are(tmp_path: Path) -> None:
    assert rows(tmp_path, 'image\ttext\n0\t"one\n1\ttwo"\n', "\t") == [["0", '"one'], ["1", 'two"']]
    assert rows(tmp_path, '"image"\t"text"\n"0"\t"one\n1\ttwo"\n', "\t") == [["0", "one\n1\ttwo"]]


@pytest.mark.parametrize(
    "content",
    [
        "image;text\n0;a, b\n",
        "sep=;\nimage;text\n0;a, b\n",
        '"sep=;"\r\nimage;text\r\n0;"a, b"\r\n',
        "image\ttext\n0\ta, b\n",
        "image|text\n0|a, b\n",
        'id;image;text\n7;0;"a, b"\n',
    ],
)
def test_another_separator_is_found(tmp_path: Path, content: str) -> None:
    ((*_, image, text),) = rows(tmp_path, content)
    assert (image, text) == ("0", "a, b")


def test_the_separator_of_the_suffix_comes_first(tmp_path: Path) -> None:
    assert rows(tmp_path, "image,text,a;b\n0,x;y,z\n") == [["0", "x;y", "z"]]


def test_what_is_too_long_is_refused_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_rows, "MAX_FIELD", 100)
    monkeypatch.setattr(delimited_rows, "_LONGEST_LINE", 1000)
    content = f'image,text\n0,{"x" * 101}\n1,{"x" * 3000}\n2,{"x" * 100}\n3,"{"x" * 600}\n4,four\n'
    assert rows(tmp_path, content) == [
        "2: field larger than field limit (100)",
        "3: a line of more than 1000 characters",
        ["2", "x" * 100],
        "5: field larger than field limit (100)",
        ["4", "four"],
    ]


UNQUOTED = st.lists(st.text(st.sampled_from(list('ab"", ')), max_size=6), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(UNQUOTED)
def test_no_row_of_an_unquoted_tsv_is_lost_or_joined(texts: list[str]) -> None:
    content = "image\ttext\n" + "".join(f"{place}\t{text}\n" for place, text in enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), content, "\t")
    for place, (row, text) in enumerate(zip(found, texts, strict=True)):
        assert row in ([str(place), text], next(csv.reader([f"{place}\t{text}"], delimiter="\t")))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(st.sampled_from(list('ab",;\n\r\t ')), max_size=8), min_size=1, max_size=6),
    st.sampled_from([",", ";", "|"]),
)
def test_a_written_csv_is_read_as_it_was(texts: list[str], delimiter: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), stream.getvalue())
    assert found == [[str(place), text] for place, text in enumerate(texts)]
