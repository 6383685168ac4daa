"""Clips out of the tables of a corpus: those kept, in order, with their frames, boxes and sentiment."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pacl_core.errors import UserError
from pacl_core.files.tables import write_table
from pacl_core.methods.emotionclip.stored import StoredTables, stored_clips

BOX = pa.struct([(name, pa.float32()) for name in ("left", "top", "right", "bottom", "score")])


def box(left: float, score: float) -> dict[str, float]:
    return {"left": left, "top": 1.0, "right": left + 5, "bottom": 9.5, "score": score}


def tables(folder: Path, **changed: Any) -> StoredTables:
    """Four clips of 1 to 4 frames; the third is not kept, and the last has no sentiment."""
    folder.mkdir(exist_ok=True)
    ids = pa.array([f"v&{n}/x" for n in range(4)])
    frames = [[f"jpeg {n}.{t}".encode() * (t + 1) for t in range(n + 1)] for n in range(4)]
    columns: dict[str, dict[str, Any]] = {
        "clips": {"text": pa.array(["a", "ü", "c", "d"]), "frames": pa.array(frames, pa.list_(pa.binary()))},
        "sentiment": {"logits": pa.array([[1, 2], [3, 4], [5, 6], None], pa.list_(pa.float32()))},
        "persons": {
            "boxes": pa.array(
                [
                    [[box(t, 0.9), box(t + 1, 0.4)] if t % 2 == 0 else [] for t in range(n + 1)]
                    for n in range(4)
                ],
                pa.list_(pa.list_(BOX)),
            )
        },
        "selection": {"kept": pa.array([True, True, False, True])},
    }
    for name, own in columns.items():
        own |= changed.get(name, {})
        write_table(folder / f"{name}.parquet", pa.table({"sample_id": ids, **own}))
    return StoredTables(*(folder / f"{name}.parquet" for name in columns))


def test_what_is_kept_comes_with_its_own(tmp_path: Path) -> None:
    clips = stored_clips(tables(tmp_path), tmp_path)
    assert (list(clips.sample_ids), list(clips.texts)) == (["v&0/x", "v&1/x", "v&3/x"], ["a", "ü", "d"])
    assert clips.sentiment[:2].tolist() == [[1, 2], [3, 4]] and np.isnan(clips.sentiment[2]).all()
    last = clips.frames(2)
    assert last.images == [f"jpeg 3.{t}".encode() * (t + 1) for t in range(4)]
    assert [one.tolist() for one in last.boxes] == [[[0, 1, 5, 9.5]], [], [[2, 1, 7, 9.5]], []]
    assert clips.frames(0).images == [b"jpeg 0.0"]


def test_a_lower_score_takes_more_boxes(tmp_path: Path) -> None:
    assert len(stored_clips(tables(tmp_path), tmp_path, box_score=0.25).frames(0).boxes[0]) == 2


def test_a_box_of_just_the_score_is_no_subject_as_it_is_none_for_the_filter(tmp_path: Path) -> None:
    assert len(stored_clips(tables(tmp_path), tmp_path, box_score=0.4).frames(0).boxes[0]) == 1


def test_a_killed_run_finds_what_was_unpacked_and_an_unfinished_one_is_done_again(tmp_path: Path) -> None:
    given = tables(tmp_path)
    (tmp_path / "frames.bin").write_bytes(b"half")
    first = stored_clips(given, tmp_path)
    written = (tmp_path / "frames.bin").stat().st_mtime_ns
    again = stored_clips(given, tmp_path)
    assert (tmp_path / "frames.bin").stat().st_mtime_ns == written
    assert again.frames(1).images == first.frames(1).images


def test_threads_read_at_the_same_time(tmp_path: Path) -> None:
    clips = stored_clips(tables(tmp_path), tmp_path)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(clips.frames(2).images)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8 and all(one == found[0] for one in found)


def test_nobody_has_sentiment(tmp_path: Path) -> None:
    nothing = {"logits": pa.array([None] * 4, pa.list_(pa.float32()))}
    clips = stored_clips(tables(tmp_path, sentiment=nothing), tmp_path)
    assert clips.sentiment.shape == (3, 2) and np.isnan(clips.sentiment).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"selection": {"kept": pa.array([False] * 4)}}, "keeps no clip"),
        (
            {"persons": {"boxes": pa.array([[[]]] * 4, pa.list_(pa.list_(BOX)))}},
            "1 lists of boxes for 2 frames",
        ),
        ({"sentiment": {"logits": pa.array([[1.0], [1.0, 2.0], None, None])}}, r"rows of \[1, 2\] logits"),
        ({"selection": {"sample_id": pa.array(list("abcd"))}}, "rows of different runs"),
    ],
)
def test_tables_that_do_not_fit_are_one_clear_line(tmp_path: Path, changed: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        stored_clips(tables(tmp_path, **changed), tmp_path)
    assert not (tmp_path / "frames.npz").exists()
