"""Manifests of clips in the forms in which tables come."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.corpus.clips.stores import listed


def test_a_csv_with_colons_in_its_times(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"-")
    (tmp_path / "clips.csv").write_text('video,start,end,text\nv.mp4,00:01:02.5,63,"Hi, you"\n')
    source = Source("v.mp4", str(tmp_path / "v.mp4"))
    assert listed("clip_manifest", tmp_path / "clips.csv") == [Clip("1", source, 62.5, 63, "Hi, you")]


def test_parquet_with_lists_of_boxes(tmp_path: Path) -> None:
    columns = {"path": ["v.mp4"], "from": [1], "to": [2.5], "said": ["x"], "who": [[[1.0, 2.0, 3.0, 4.0]]]}
    pq.write_table(pa.table(columns), tmp_path / "clips.parquet")
    names = {
        "file": "clips.parquet",
        "video": "path",
        "start": "from",
        "end": "to",
        "text": "said",
        "boxes": "who",
    }
    (clip,) = listed("clip_manifest", tmp_path, manifest=names)
    assert isinstance(clip, Clip)
    assert (clip.start, clip.end, clip.boxes) == (1, 2.5, "[[1.0, 2.0, 3.0, 4.0]]")


def test_cells_that_are_no_times(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("video,start,end,text\nv.mp4,,1,t\nv.mp4,1;5,2,t\n")
    found = listed("clip_manifest", tmp_path / "clips.csv")
    assert [one.reason for one in found if isinstance(one, Rejected)] == ["not_a_time", "not_a_time"]


def test_a_missing_manifest_or_column_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such manifest"):
        listed("clip_manifest", tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"set manifest\.file"):
        listed("clip_manifest", tmp_path)
    (tmp_path / "clips.csv").write_text("video,start,end\n")
    with pytest.raises(UserError, match="unknown column 'text'"):
        listed("clip_manifest", tmp_path / "clips.csv")
    with pytest.raises(UserError, match="did you mean 'youtube'"):
        listed("youtub", tmp_path)
