"""LIRIS-ACCEDE's films: a row a second, frames around it."""

from collections import Counter
from pathlib import Path

import pytest

from pacl_core.datasets.clips import Clip
from pacl_core.datasets.readers import Item, liris_accede
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import put
from tests.video_trees import write_liris_accede

HEADER = "Time\tValence\tArousal\n"


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(liris_accede.read(path, liris_accede.Options.model_validate(options)))


def test_an_item_per_second(tmp_path: Path) -> None:
    found = read(write_liris_accede(tmp_path))
    items = [one for one in found if isinstance(one, Item)]
    assert len(items) == len(found) == 6 * 4
    splits = {item.image_name: item.split for item in items}
    assert [splits[f"MEDIAEVAL18_{film:02}"] for film in (0, 53, 54, 65)] == [
        "train",
        "train",
        "test",
        "test",
    ]
    assert items[1].item_id == "MEDIAEVAL18_00@1"
    assert items[1].values == {"valence": -0.4, "arousal": 0.0}
    assert [item.image for item in items[:2]] == [
        Clip(tmp_path / "data/MEDIAEVAL18_00.mp4", 0.0, 0.5),
        Clip(tmp_path / "data/MEDIAEVAL18_00.mp4", 0.5, 1.5),
    ]
    wider = read(tmp_path, seconds=3)[3]
    assert isinstance(wider, Item) and wider.image == Clip(tmp_path / "data/MEDIAEVAL18_00.mp4", 1.5, 4.5)


def test_what_cannot_be_used(tmp_path: Path) -> None:
    put(tmp_path / "MEDIAEVAL18_00.mp4", b"")
    put(tmp_path / "again" / "MEDIAEVAL18_00.mp4", b"")
    put(tmp_path / "MEDIAEVAL18_01.mp4", b"")
    rows = "0\t0.1\t0.2\n1\t0.1\nx\t0.1\t0.2\n-1\t0\t0\n2.0\tnan\t0.2\n"
    put(tmp_path / "MEDIAEVAL18_00_Valence-Arousal.txt", (HEADER + rows).encode())
    put(tmp_path / "MEDIAEVAL18_02_Valence-Arousal.txt", HEADER.encode())
    found = read(tmp_path)
    assert Counter(one.reason for one in found if isinstance(one, Rejected)) == {
        "malformed_row": 3,
        "repeated_film": 1,
        "no_annotations": 1,
        "missing_video": 1,
    }
    _, last = (one for one in found if isinstance(one, Item))
    assert last.item_id == "MEDIAEVAL18_00@2" and last.values["valence"] is None


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no film MEDIAEVAL18_<nn>\.mp4"):
        read(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        read(tmp_path / "none")
    put(tmp_path / "MEDIAEVAL18_00.mp4", b"")
    put(tmp_path / "MEDIAEVAL18_00_Valence-Arousal.txt", b"0\t1\t1\n")
    with pytest.raises(UserError, match="first line is not Time, Valence, Arousal"):
        read(tmp_path)
