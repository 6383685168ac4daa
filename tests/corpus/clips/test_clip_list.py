"""The list of clips by video, on disk, and its digest."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.clip_list import ClipList, list_digest
from pacl_core.corpus.pair_store_state import PairStoreState
from pacl_core.media.rejects import Rejected
from pacl_core.params.clips import ClipsParams

PARAMS = ClipsParams(reader="none", path="none", exclude=("x.mp4",))
A, B = Source("a.mp4", "/a.mp4"), Source("b.mp4", "/b.mp4", "/b.json")
FOUND = [
    Clip("1", B, 3, 4, "three"),
    Clip("2", A, 1, 2, "one"),
    Rejected("row 3", "malformed_row", "short"),
    Clip("4", B, 1, 2, " two ", "[]"),
    Clip("5", Source("x.mp4", "/x.mp4"), 1, 2, "left out"),
    Clip("4", A, 5, 6, "again"),
    Clip("7", A, 5, 5, "no time"),
]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[PairStoreState]:
    with closing(PairStoreState(tmp_path)) as opened:
        yield opened


def test_clips_by_video_and_start(state: PairStoreState) -> None:
    listed = ClipList(state)
    listed.fill(iter(FOUND), PARAMS)
    assert listed.videos() == 2
    source, clips, texts = listed.of(1)
    assert source == B
    assert [(one.sample_id, one.text, one.boxes) for one in clips] == [("4", "two", "[]"), ("1", "three", "")]
    assert texts == [" two ", "three"]
    assert [(one.source, one.reason) for one in state.rejects()] == [
        ("row 3", "malformed_row"),
        ("5", "excluded"),
        ("4", "duplicate_id"),
        ("7", "end_before_start"),
    ]


def test_the_digest_covers_what_is_listed_and_the_files(tmp_path: Path) -> None:
    video = tmp_path / "v.mp4"
    video.write_bytes(b"one")
    clips = [Clip("1", Source("v", str(video)), 0, 1, "t")]
    before = list_digest(iter(clips))
    assert list_digest(iter(clips)) == before
    assert list_digest(iter([clips[0]._replace(text="u")])) != before
    video.write_bytes(b"two!")
    changed = list_digest(iter(clips))
    assert changed != before
    os.utime(video, (1, 1))
    assert list_digest(iter(clips)) != changed
    folder = tmp_path / "frames"
    folder.mkdir()
    still = [Clip("1", Source("v", str(folder)), 0, 1, "t")]
    empty = list_digest(iter(still))
    (folder / "00000001.jpg").write_bytes(b"x")
    assert list_digest(iter(still)) != empty
