"""Records find their readers by file name; a wrong option is named in the record's own words."""

from pathlib import Path

import pytest

from pacl_core.datasets.readers import read_items
from pacl_core.datasets.record import DatasetRecord, load_record
from pacl_core.errors import UserError
from tests.paths import ROOT

RECORDS = sorted((ROOT / "data/datasets").glob("*.yaml"))
BASE = {
    "reader": "emoji_sentiment",
    "tasks": {"v": {"kind": "regression", "columns": ["v"], "scale": [0, 1]}},
    "source": "-",
    "licence": "-",
    "citation": "-",
}


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_every_record_is_valid_and_has_its_reader(path: Path) -> None:
    read_items(load_record(path), Path("nowhere"))  # nothing is read before the first item is asked for


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reader": "emoji_sentimant"},
         "unknown reader 'emoji_sentimant'; did you mean 'emoji_sentiment'?"),
        ({"options": {"pixel": 8}},
         "options of reader 'emoji_sentiment': pixel: unknown key; did you mean 'pixels'?"),
        ({"options": {"pixels": 8}},
         "options of reader 'emoji_sentiment': pixels: input should be greater than or equal to 16"),
    ],
)  # fmt: skip
def test_a_wrong_reader_or_option_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_items(DatasetRecord.model_validate({**BASE, **change}), Path("x"))
    assert str(caught.value) == message
