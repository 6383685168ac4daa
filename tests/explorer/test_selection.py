"""What is taken away: tags that stay, and the selection in three formats."""

import io
import json
import zipfile

import polars as pl
import pytest
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.explorer.selection import Tags, exported

ROWS = [30, 2, 17]


def test_tags_stay_in_their_file(tmp_path):
    path = tmp_path / ".pacl/tags.json"
    tags = Tags(path)
    tags.put("a", [" ironic ", "ironic", "", "for the talk"])
    tags.put("b", ["ironic"])
    assert tags.of("a") == ["ironic", "for the talk"]
    assert Tags(path).all() == {"for the talk": 1, "ironic": 2}
    tags.put("a", [])
    assert Tags(path).all() == {"ironic": 1} and Tags(path).of("a") == []
    path.write_text("[]")
    with pytest.raises(UserError, match="not a file of tags"):
        Tags(path)


def test_the_table_has_a_list_of_tags_per_pair_in_its_order(pairs):
    tags = Tags(None)
    assert tags.table(pairs.table).collect()["tags"].to_list() == [[]] * pairs.count
    tags.put("p017", ["x", "y"])
    found = tags.table(pairs.table).collect()
    assert found["row"].to_list() == list(range(pairs.count))
    assert found["tags"].to_list()[17] == ["x", "y"]


@pytest.fixture
def tagged(pairs):
    tags = Tags(None)
    tags.put("p017", ["ironic", "for the talk"])
    return tags.table(pairs.table)


def test_parquet_has_the_selected_pairs_in_their_order(pairs, tagged):
    found = pl.read_parquet(exported(tagged, ROWS, "parquet", jpeg=pairs.jpeg))
    assert found["sample_id"].to_list() == ["p030", "p002", "p017"]
    assert found["tags"].to_list() == [[], [], ["ironic", "for the talk"]]
    assert set(found.columns) == pairs.columns | {"tags"}


def test_a_csv_has_lists_in_one_cell(pairs, tagged):
    found = pl.read_csv(exported(tagged, ROWS, "csv", jpeg=pairs.jpeg))
    assert found["sample_id"].to_list() == ["p030", "p002", "p017"]
    assert found["tags"].to_list()[2] == "ironic; for the talk"
    assert found["anps"].to_list()[1] == "happy dog; calm sea"
    assert found["text"].to_list() == [tagged.collect()["text"][row] for row in ROWS]


def test_a_zip_is_a_classification_dataset_of_fiftyone(pairs, tagged):
    """Every label has its image, and every number fits into a database that knows signed ones."""
    with zipfile.ZipFile(exported(tagged, ROWS, "zip", jpeg=pairs.jpeg)) as archive:
        labels = json.loads(archive.read("labels.json"))
        assert sorted(archive.namelist()) == [
            "data/00000002.jpg", "data/00000017.jpg", "data/00000030.jpg", "labels.json",
        ]  # fmt: skip
        assert archive.read("data/00000017.jpg") == pairs.jpeg(17)
        assert Image.open(io.BytesIO(archive.read("data/00000002.jpg"))).format == "JPEG"
    partition = tagged.collect()["partition"]
    assert {name: labels["classes"][one["label"]] for name, one in labels["labels"].items()} == {
        f"{row:08}": partition[row] for row in ROWS
    }
    attributes = labels["labels"]["00000017"]["attributes"]
    assert attributes["tags"] == ["ironic", "for the talk"] and attributes["sample_id"] == "p017"
    numbers = [value for value in attributes.values() if isinstance(value, int)]
    assert all(abs(number) < 2**63 for number in numbers)


def test_an_empty_selection_is_a_file_without_rows(pairs, tagged):
    assert pl.read_parquet(exported(tagged, [], "parquet", jpeg=pairs.jpeg)).height == 0
    with zipfile.ZipFile(exported(tagged, [], "zip", jpeg=pairs.jpeg)) as archive:
        assert json.loads(archive.read("labels.json")) == {"classes": [], "labels": {}}
