"""The published corpus: frames in HDF5 or folders, or the video; boxes in letterboxed pixels."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from pacl_core.corpus.clips.clip import Clip
from pacl_core.media.images import decode_jpeg
from pacl_core.media.rejects import Rejected
from tests.corpus.clips.stores import listed, params, stored
from tests.videos import Form, number_of, numbered, write_video

LINES = [
    {"text": "So happy to see you!", "start": 0.5, "end": 1.5, "duration": 1.0},
    {"text": "Go away.", "start": 1.5, "duration": 1.0},
]


def jpeg(number: int, size: tuple[int, int] = (64, 36)) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(numbered(number + 1, size)[number]).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def video_folder(root: Path, name: str, form: str, count: int = 24) -> Path:
    """Frame n, from 1, shows (n - 1) / 8 s; its grey says n - 1."""
    folder = root / name
    folder.mkdir(parents=True)
    frames = {f"{number + 1:08d}.jpg": jpeg(number) for number in range(count)}
    if form == "hdf5":
        with h5py.File(folder / "frames.hdf5", "w") as file:
            for member, data in frames.items():
                file.create_dataset(member, data=np.frombuffer(data, np.uint8))
    elif form == "opaque":
        with h5py.File(folder / "frames.hdf5", "w") as file:
            for member, data in frames.items():
                file.create_dataset(member, data=np.void(data))
    elif form == "frames":
        (folder / "frames").mkdir()
        for member, data in frames.items():
            (folder / "frames" / member).write_bytes(data)
    else:
        write_video(
            folder / "video.mp4", numbered(count, (64, 36)), Form(times=[125 * n for n in range(count)])
        )
    (folder / "transcript_cleaned.json").write_text(json.dumps(LINES))
    return folder


def greys(row: dict[str, Any]) -> list[int]:
    return [number_of(np.asarray(decode_jpeg(frame))) for frame in row["frames"]]


@pytest.mark.parametrize("form", ["hdf5", "opaque", "frames", "mp4"])
def test_frame_n_shows_its_eighth_of_a_second(tmp_path: Path, form: str) -> None:
    video_folder(tmp_path / "c", "a&B-_1", form)
    found = stored(tmp_path / "out", params("youtube", tmp_path / "c"))
    assert [greys(row) for row in found.rows] == [list(range(4, 12)), list(range(12, 20))]
    assert [row["sample_id"] for row in found.rows] == ["a&B-_1-00000", "a&B-_1-00001"]
    assert [row["text"] for row in found.rows] == [line["text"] for line in LINES]
    assert found.rows[0]["given_boxes"] is None


def test_boxes_lose_the_letterbox_padding(tmp_path: Path) -> None:
    """64 x 36 pixels: ratio 10, 12 letterboxed pixels above; stored frames are 57 x 32."""
    folder = video_folder(tmp_path / "c", "v", "hdf5")
    boxes = [
        {"00000005.jpg": [[160, 12, 320, 192, 0.9], [0, 0, 10, 5, 0.8]]},  # the second lies in the padding
        {"00000007.jpg": []},
        {"99999999.jpg": [[0, 0, 640, 384, 0.7]]},
    ]
    (folder / "human_boxes.json").write_text(json.dumps(boxes))
    found = stored(tmp_path / "out", params("youtube", tmp_path / "c"))
    first = found.rows[0]["given_boxes"]
    assert [len(frame) for frame in first] == [1, 0, 0, 0, 0, 0, 0, 0]
    expected = {"left": 16 * 57 / 64, "top": 0, "right": 32 * 57 / 64, "bottom": 18 * 32 / 36, "score": 0.9}
    assert first[0][0] == pytest.approx(expected)
    assert found.counts["boxes_left_out"] == {"outside": 1}


def test_sources_of_a_test_set_are_excluded(tmp_path: Path) -> None:
    video_folder(tmp_path, "2qQs3Y9OJX0", "frames")
    video_folder(tmp_path, "other", "frames")
    found = stored(tmp_path / "out", params("youtube", tmp_path, exclude=["2qQs3Y9OJX0", "out"]))
    assert {row["video"] for row in found.rows} == {"other"}
    assert [reason for _, reason in found.rejected].count("excluded") == 2


def test_what_a_folder_lacks(tmp_path: Path) -> None:
    for name in ("text", "video", "json", "list", "lines"):
        video_folder(tmp_path, name, "frames", 1)
    (tmp_path / "text/transcript_cleaned.json").unlink()
    (tmp_path / "video/frames/00000001.jpg").unlink()
    (tmp_path / "video/frames").rmdir()
    (tmp_path / "json/transcript_cleaned.json").write_text("[")
    (tmp_path / "list/transcript_cleaned.json").write_text("{}")
    wrong = [
        "text",
        {"text": 1},
        {"text": "t"},
        {"text": "t", "start": "1", "end": 2},
        {"text": "t", "start": 10**400},
    ]
    (tmp_path / "lines/transcript_cleaned.json").write_text(json.dumps(wrong))
    (tmp_path / "readme.txt").write_text("x")
    found = listed("youtube", tmp_path)
    assert [(one.source, one.reason) for one in found if isinstance(one, Rejected)] == [
        ("json", "bad_transcript"),
        ("lines-00000", "malformed_row"),
        ("lines-00001", "malformed_row"),
        ("lines-00002", "not_a_time"),
        ("lines-00003", "not_a_time"),
        ("lines-00004", "not_a_time"),
        ("list", "bad_transcript"),
        ("readme.txt", "other_file"),
        ("text", "missing_text"),
        ("video", "missing_video"),
    ]
    assert not [one for one in found if isinstance(one, Clip)]


def test_broken_frames_and_boxes_are_rejects_of_their_clips(tmp_path: Path) -> None:
    frame = video_folder(tmp_path / "c", "frame", "frames") / "frames/00000006.jpg"
    frame.write_bytes(frame.read_bytes()[:300])
    lines = [line | {"text": "Otherwise they were the same."} for line in LINES]
    (tmp_path / "c/frame/transcript_cleaned.json").write_text(json.dumps(lines))
    boxes = video_folder(tmp_path / "c", "boxes", "frames") / "human_boxes.json"
    boxes.write_text(json.dumps([{"00000006.jpg": [[1, 2, 3]]}, {"00000014.jpg": [[0, 0, 64, 64, 1]]}]))
    (video_folder(tmp_path / "c", "hdf5", "hdf5") / "frames.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" * 50)
    found = stored(tmp_path / "out", params("youtube", tmp_path / "c"))
    assert [row["sample_id"] for row in found.rows] == ["boxes-00001", "frame-00001"]
    assert found.rejected == [
        ("boxes-00000", "bad_boxes"),
        ("frame-00000", "truncated"),
        ("hdf5-00000", "unreadable"),
        ("hdf5-00001", "unreadable"),
    ]


def test_an_hdf5_leads_to_no_other_file(tmp_path: Path) -> None:
    folder = video_folder(tmp_path / "c", "v", "hdf5")
    secret = tmp_path / "other.hdf5"
    with h5py.File(secret, "w") as file:
        file.create_dataset("frame", data=np.frombuffer(jpeg(9), np.uint8))
    raw = tmp_path / "raw.bin"
    raw.write_bytes(jpeg(9))
    with h5py.File(folder / "frames.hdf5", "a") as file:
        del file["00000005.jpg"]
        del file["00000013.jpg"]
        file["00000005.jpg"] = h5py.ExternalLink(str(secret), "frame")
        size = raw.stat().st_size
        file.create_dataset("00000013.jpg", (size,), np.uint8, external=[(str(raw), 0, size)])
    found = stored(tmp_path / "out", params("youtube", tmp_path / "c"))
    # the linked one is as if it were not there: the frame before it is still shown
    assert greys(found.rows[0])[0] == 3
    assert found.rejected == [("v-00001", "unreadable")]
