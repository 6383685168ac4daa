"""How listed files and the columns of a table are judged, before a command writes anything."""

from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.project.corpus_form import Form, corpus_form, first_of
from pacl_core.project.dataset_form import dataset_form
from pacl_core.project.listed import listed
from pacl_core.project.table_form import id_column, image_pattern, read_table, text_column
from tests.paths import ROOT
from tests.published_trees import image, put

RECORDS = ROOT / "data/datasets"


def test_counting_opens_no_file(tmp_path: Path) -> None:
    for name in (
        "0.jpg",
        "0.txt",
        "1.jpg",
        "deep/x.csv",
        "deep/note",
        "a.mp4",
        "a.srt",
        "b.tar",
        "deep/c.tar",
    ):
        put(tmp_path / name, b"")
    found = listed(tmp_path)
    assert (found.images, found.pairs, found.videos, found.subtitled, found.shards) == (2, 1, 1, 1, 1)
    assert (found.texts, found.tables) == ([tmp_path / "0.txt"], [tmp_path / "deep/x.csv"])
    assert dict(found.other) == {"no suffix": 1}


@pytest.mark.parametrize(
    ("header", "row", "pattern"),
    [
        ("name,mood", "n{n},x", "images/{name}.jpg"),
        ("name,mood", "n{n}.jpg,x", "images/{name}"),
        ("mood,name", "x,images/n{n}.jpg", "name"),
        ("mood,name", "x,images\\n{n}.jpg", "name"),
        ("mood,name", "x,y{n}.jpg", None),
    ],
)
def test_a_pattern_adds_folder_and_suffix(tmp_path: Path, header: str, row: str, pattern: str | None) -> None:
    for n in range(6):
        put(tmp_path / f"images/n{n}.jpg", image(n))
    put(tmp_path / "t.csv", "\n".join([header, *(row.format(n=n) for n in range(5))]).encode())
    found = image_pattern(read_table(tmp_path / "t.csv"))
    assert found == (None if pattern is None else (pattern, 1.0))


def test_columns_of_texts_and_ids(tmp_path: Path) -> None:
    put(tmp_path / "t.csv", b"sep=;\nkey;file;tags;note\n1;a;x;what a day\n1;b;y;it was\n")
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ["key", "file", "tags", "note"]
    assert text_column(table, "file") == "note"
    assert id_column(table) is None, "a key that repeats names no row"
    put(tmp_path / "t.csv", b"id,file,text\n1,a,what\n2,b,it\n")
    table = read_table(tmp_path / "t.csv")
    assert (text_column(table, "file"), id_column(table)) == ("text", "id")
    assert text_column(table, "{text}.jpg") is None


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    for name, data, said in (
        ("a.csv", b"a,b\n", "no row that can be read"),
        ("a.jsonl", b"what", "its first line is not a JSON object"),
        ("a.parquet", b"PAR1", "unreadable"),
    ):
        put(tmp_path / name, data)
        with pytest.raises(UserError, match=said):
            read_table(tmp_path / name)


def test_a_folder_is_read_by_the_form_that_fits_most_of_it(tmp_path: Path) -> None:
    """A README.csv next to posts is no manifest; a text next to one of many images makes no posts."""
    for n in range(3):
        put(tmp_path / f"posts/{n}.jpg", image(n))
        put(tmp_path / f"posts/{n}.txt", b"what a day")
    put(tmp_path / "posts/README.csv", b"a,b\n1,2\n")
    assert corpus_form(tmp_path / "posts", "p").reader == "folder"
    put(tmp_path / "posts/more/m.csv", "".join(f"{n}.jpg,what a day\n" for n in ("file", *range(9))).encode())
    for n in range(9):
        put(tmp_path / f"posts/more/{n}.jpg", image(n))
    put(tmp_path / "posts/more/m.csv", b"file,text\n" + "".join(f"{n}.jpg,what\n" for n in range(9)).encode())
    found = corpus_form(tmp_path / "posts", "p")
    assert (found.reader, found.options["manifest"]["file"]) == ("manifest", "more/m.csv")


def test_first_posts_are_decoded(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", image(1))
    put(tmp_path / "b.jpg", b"no picture")
    put(tmp_path / "a.txt", b"one")
    put(tmp_path / "b.txt", b"two")
    posts, rejected = first_of(Form("pairs", "folder", str(tmp_path)))
    assert posts == [("a", "one")]
    assert sum(rejected.values()) == 1


def test_a_tree_of_other_classes_is_another_data_set(tmp_path: Path) -> None:
    for label in ("anger", "joy", "awe"):
        put(tmp_path / label / "0.jpg", image(len(label)))
    made = dataset_form(tmp_path, RECORDS)
    assert made.record is None
    assert made.tree is not None
    assert made.tree["options"] == {"classes": ["anger", "awe", "joy"]}
