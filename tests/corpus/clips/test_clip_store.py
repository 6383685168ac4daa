"""Clips cut out of videos: the right frames, each video read once, the same bytes however a run went."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pacl_core.corpus.clips import clip_store
from pacl_core.corpus.clips.clip import Source
from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.clip_table import CLIPS_SCHEMA
from pacl_core.corpus.clips.frames import Frames
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.pair_parts import PAIRS_SCHEMA
from pacl_core.corpus.pair_store import StorePaths
from pacl_core.errors import UserError
from pacl_core.media.images import decode_jpeg
from pacl_core.params.clips import ClipsParams
from pacl_core.runtime.scratch import scratch
from tests.corpus.clips.stores import params, stored
from tests.videos import Form, number_of, numbered, write_sound, write_video


def manifest(folder: Path, rows: list[tuple[str, object, object, str]], **columns: list[object]) -> Path:
    """A manifest of JSON lines with video, start, end, text and further columns."""
    lines = []
    for number, (video, start, end, text) in enumerate(rows):
        row = {"video": video, "start": start, "end": end, "text": text}
        lines.append(json.dumps(row | {name: values[number] for name, values in columns.items()}))
    path = folder / "clips.jsonl"
    path.write_text("\n".join(lines))
    return path


def greys(row: dict[str, list[bytes]]) -> list[int]:
    return [number_of(np.asarray(decode_jpeg(frame))) for frame in row["frames"]]


def test_rows_are_those_of_pairs_and_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "a b&c.mp4", numbered(25))
    path = manifest(tmp_path, [("a b&c.mp4", 0.2, 0.8, " so  happy ")])
    cleaned = {"whitespace": "collapse"}
    found = stored(tmp_path / "out", params("clip_manifest", path, fps=10, frames=3, text=cleaned))
    (row,) = found.rows
    assert list(row) == CLIPS_SCHEMA.names
    assert CLIPS_SCHEMA.names[:-6] == PAIRS_SCHEMA.names
    assert (row["sample_id"], row["text"]) == ("1", "so happy")
    assert (row["video"], row["start"], row["end"], row["original_text"]) == (
        "a b&c.mp4",
        0.2,
        0.8,
        " so  happy ",
    )
    assert row["times"] == pytest.approx([0.2, 0.4, 0.7])  # of 0.2, 0.3, ... 0.7
    assert greys(row) == [5, 10, 17]
    assert row["image"] == row["frames"][1]
    assert (row["width"], row["height"]) == (43, 32)
    assert row["given_boxes"] is None
    assert found.counts == {
        "read": 1,
        "clips": 1,
        "videos": 1,
        "frames": 3,
        "rejected": 0,
        "rejected_by_reason": {},
        "cleaned_texts": 1,
        "boxes": 0,
        "boxes_left_out": {},
    }


def test_each_video_is_opened_once_whatever_the_order_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "a.mp4", numbered(25))
    write_video(tmp_path / "b.mp4", numbered(25))
    rows = [
        ("b.mp4", 0.5, 0.9, "1"),
        ("a.mp4", 0.4, 0.8, "2"),
        ("b.mp4", 0, 1, "3"),
        ("a.mp4", 0.1, 0.5, "4"),
    ]
    those = params("clip_manifest", manifest(tmp_path, rows), fps=10, frames=2)
    opened: list[str] = []

    @contextmanager
    def counted(source: Source) -> Iterator[Frames]:
        opened.append(source.name)
        with opening(those)(source) as frames:
            yield frames

    with scratch("clips", "key", tmp_path / "scratch") as folder:
        paths = StorePaths(tmp_path / "clips", tmp_path / "rejected.parquet", folder)
        write_clips(Corpus(lambda: read_clips(those), counted), those, paths)
    assert opened == ["b.mp4", "a.mp4"]
    # clips of a video in the order in which their last frame is shown; equal ones by start
    found = stored(tmp_path / "out", those)
    assert [row["text"] for row in found.rows] == ["1", "3", "4", "2"]
    assert [greys(row) for row in found.rows] == [[12, 20], [0, 22], [2, 10], [10, 17]]


def test_what_cannot_be_cut_is_a_reject_and_the_others_are_clips(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(25))
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.mp4").write_text("no video " * 99)
    (tmp_path / "empty.mp4").write_bytes(b"")
    write_sound(tmp_path / "sound.mp4")
    rows: list[tuple[str, object, object, str]] = [
        ("a.mp4", 0, 0.5, "kept"),
        ("a.mp4", 5, 6, "past"),
        ("a.mp4", 0.5, 0.2, "inverted"),
        ("a.mp4", float("nan"), 1, "nan"),
        ("a.mp4", "soon", 1, "no number"),
        ("a.mp4", 0, 0.5, "  "),
        ("cut.mp4", 0, 0.5, "cut"),
        ("text.mp4", 0, 0.5, "text"),
        ("empty.mp4", 0, 0.5, "empty"),
        ("sound.mp4", 0, 0.5, "sound"),
        ("none.mp4", 0, 0.5, "none"),
        ("../../a.mp4", 0, 0.5, "outside"),
        ("", 0, 0.5, "no video"),
        ("a.mp4", 0, 0.5, "kept"),
        ("a.mp4", 0.85, 99, "cut short"),
    ]
    found = stored(tmp_path / "out", params("clip_manifest", manifest(tmp_path, rows)))
    assert [row["text"] for row in found.rows] == ["kept", "cut short"]
    assert len(found.rows[1]["frames"]) == 1
    assert dict(found.rejected) == {
        "clips.jsonl:4": "not_a_time",
        "clips.jsonl:5": "not_a_time",
        "3": "end_before_start",
        "6": "empty_text",
        "2": "past_the_end",
        "7": "truncated",
        "8": "not_a_video",
        "9": "empty",
        "10": "no_video_stream",
        "11": "missing_video",
        "clips.jsonl:12": "outside_corpus",
        "clips.jsonl:13": "missing_video",
        "14": "duplicate_clip",
    }
    assert found.counts["read"] == len(rows)


def test_ids_may_hold_anything_but_come_once(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(25))
    rows: list[tuple[str, object, object, str]] = [("a.mp4", n / 10, 0.5, f"t{n}") for n in range(4)]
    those = params(
        "clip_manifest", manifest(tmp_path, rows, key=["a/b", "c & d", "c & d", ""]), manifest={"id": "key"}
    )
    found = stored(tmp_path / "out", those)
    assert [row["sample_id"] for row in found.rows] == ["a/b", "c & d"]
    assert [reason for _, reason in found.rejected] == ["duplicate_id", "missing_id"]


def test_boxes_follow_the_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(25))  # 64 x 48, stored as 43 x 32
    rows: list[tuple[str, object, object, str]] = [("a.mp4", 0, 0.5, f"t{n}") for n in range(5)]
    boxes = [
        [[16, 12, 32, 24]],
        {"0.2": [[0, 0, 64, 48, 0.25]], "0.4": []},
        "[[0, 0, 9999, 24], [5, 5, 1, 1], [NaN, 0, 1, 1]]",
        "{not json",
        None,
    ]
    those = params(
        "clip_manifest",
        manifest(tmp_path, rows, boxes=boxes),  # type: ignore[arg-type]
        manifest={"boxes": "boxes"},
        fps=10,
    )
    found = stored(tmp_path / "out", those)
    first, second, third, last = (row["given_boxes"] for row in found.rows)
    assert first[0][0] == pytest.approx({"left": 10.75, "top": 8, "right": 21.5, "bottom": 16, "score": 1})
    assert len(first) == 5
    assert [len(frame) for frame in second] == [0, 0, 1, 1, 0]
    assert second[2][0]["score"] == 0.25
    assert [len(frame) for frame in third] == [1] * 5
    assert third[0][0]["right"] == 43
    assert last is None
    assert found.rejected == [("4", "bad_boxes")]
    assert found.counts["boxes_left_out"] == {"inverted_or_flat": 5, "not_finite": 5}


def many(folder: Path, videos: int = 7, clips: int = 9) -> ClipsParams:
    """Videos of different content, one of them broken, some clips past the end."""
    rng = np.random.default_rng(0)
    rows: list[tuple[str, object, object, str]] = []
    for video in range(videos):
        frames = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(20)]
        write_video(folder / f"{video}.mp4", frames)
        rows += [(f"{video}.mp4", n / 10, n / 10 + 0.3, f"{video} {n}") for n in range(clips)]
    (folder / "3.mp4").write_bytes(b"broken")
    return params("clip_manifest", manifest(folder, rows), fps=10, frames=2)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_store, "ROW_GROUP", 4)


@pytest.mark.usefixtures("small")
def test_the_same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    those = many(tmp_path)
    one = stored(tmp_path / "one", those, workers=1, part_bytes=20_000)
    three = stored(tmp_path / "three", those, workers=3, part_bytes=20_000)
    assert one.files == three.files
    assert len(one.files) > 3
    assert one.counts == three.counts


class KilledError(BaseException):
    """What stands in for a kill: nothing in the project catches it."""


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("stops", [[0], [1, 4], [2, 3, 5, 6], [6]])
def test_interrupted_anywhere_it_ends_with_the_same_bytes(tmp_path: Path, stops: list[int]) -> None:
    those = many(tmp_path)
    whole = stored(tmp_path / "whole", those, part_bytes=20_000)
    opened: list[str] = []

    def run(stop: int | None) -> None:
        @contextmanager
        def killed(source: Source) -> Iterator[Frames]:
            if source.name == f"{stop}.mp4":
                raise KilledError
            opened.append(source.name)
            with opening(those)(source) as frames:
                yield frames

        with scratch("clips", "key", tmp_path / "out/scratch") as folder:
            paths = StorePaths(tmp_path / "out/clips", tmp_path / "out/rejected.parquet", folder)
            write_clips(Corpus(lambda: read_clips(those), killed), those, paths, part_bytes=20_000)

    for stop in stops:
        with pytest.raises(KilledError):
            run(stop)
    begun = len(opened)
    run(None)
    assert len(opened) - begun <= 7 - max(0, stops[-1] - 2)  # what was noted is not read again
    files = [*sorted((tmp_path / "out/clips").iterdir()), tmp_path / "out/rejected.parquet"]
    assert {str(file.relative_to(tmp_path / "out")): file.read_bytes() for file in files} == whole.files


@pytest.mark.usefixtures("small")
def test_a_changed_corpus_is_read_afresh(tmp_path: Path) -> None:
    those = many(tmp_path)
    paths = StorePaths(tmp_path / "out/clips", tmp_path / "out/rejected.parquet", tmp_path / "unfinished")
    paths.scratch.mkdir()

    @contextmanager
    def killed(source: Source) -> Iterator[Frames]:
        if source.name == "5.mp4":
            raise KilledError
        with opening(those)(source) as frames:
            yield frames

    with pytest.raises(KilledError):
        write_clips(Corpus(lambda: read_clips(those), killed), those, paths)
    write_video(tmp_path / "0.mp4", numbered(20))  # another film under the same name
    write_clips(Corpus(lambda: read_clips(those), opening(those)), those, paths)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out/clips").iterdir()} == {
        Path(name).name: data
        for name, data in stored(tmp_path / "afresh", those).files.items()
        if "part" in name
    }


def test_a_corpus_without_a_clip_is_one_line(tmp_path: Path) -> None:
    path = manifest(tmp_path, [("none.mp4", 0, 1, "text")])
    with pytest.raises(UserError, match="no usable clip among 1 inputs, rejected as: missing_video 1"):
        stored(tmp_path / "out", params("clip_manifest", path))
    path.write_text("")
    with pytest.raises(UserError, match="empty"):
        stored(tmp_path / "out", params("clip_manifest", path))


def test_a_variable_rate_gives_frames_at_the_right_times(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", numbered(5), Form(times=[0, 40, 500, 1000, 1500]))
    rows: list[tuple[str, object, object, str]] = [("v.mp4", 0, 1.5, "slow")]
    found = stored(tmp_path / "out", params("clip_manifest", manifest(tmp_path, rows), fps=4))
    assert greys(found.rows[0]) == [0, 1, 2, 2, 3, 3]


def test_rejected_lines_keep_their_reason(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(25))
    (tmp_path / "clips.csv").write_text("video,start,end,text\na.mp4,0,0.5,good\na.mp4,0\n")
    found = stored(tmp_path / "out", params("clip_manifest", tmp_path / "clips.csv"))
    assert len(found.rows) == 1
    assert found.rejected == [("clips.csv:3", "malformed_row")]
