"""BoLD's persons: marks, ratings, and boxes from joints."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pacl_core.datasets.clips import Clip
from pacl_core.datasets.readers import Item, bold
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected, UnusableError
from tests.published_trees import put
from tests.video_trees import PUBLISHED_JOINTS, bold_row, joint_row, put_joints, write_bold


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(bold.read(path, bold.Options.model_validate(options)))


def clip_of(item: Item | Rejected) -> Clip:
    assert isinstance(item, Item) and isinstance(item.image, Clip)
    return item.image


def boxes(*rows: list[float], person: int = 2) -> dict[int, tuple[float, ...]]:
    return dict(bold.person_boxes(np.array(rows), person))


def test_a_negative_joint_of_low_score_does_not_count() -> None:
    """The published code takes it as an index from the end: the mask of a visible person is empty."""
    found = boxes(joint_row(101, 2, PUBLISHED_JOINTS))
    assert found == {101: (50.2, 20.9, 70.7, 90.5)}


def test_a_negative_joint_that_counts_reaches_beyond_the_picture() -> None:
    found = boxes(joint_row(0, 2, {0: (-3.5, 10, 0.1), 1: (5, 20, 0.1)}))
    assert found == {0: (-3.5, 10.0, 5.0, 20.0)}


def test_frames_without_joints_that_count_have_no_box() -> None:
    rows = [
        joint_row(0, 2, {}),
        joint_row(1, 2, {0: (4, 4, 0.09)}),
        joint_row(2, 2, {0: (4, np.nan, 0.9)}),
        joint_row(3, 3, {0: (4, 4, 0.9)}),
        joint_row(4, 2, {0: (4, 4, 0.9)}),
    ]
    assert boxes(*rows) == {4: (4, 4, 5, 5)}  # the pixel of its only joint


def test_frames_count_from_the_clips_first(tmp_path: Path) -> None:
    put_joints(tmp_path / "a.npy", [joint_row(205, 1, {}), joint_row(201, 0, {})])
    assert bold.read_joints(tmp_path / "a.npy")[:, 0].tolist() == [4, 0]


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x93NUMPY\1\0\x10\0{'descr': '|O',  ", b"\x93NUMPY\xff\xff"]
)
def test_broken_joints_are_a_reason(tmp_path: Path, data: bytes) -> None:
    put(tmp_path / "a.npy", data)
    with pytest.raises(UnusableError, match="broken_joints"):
        bold.read_joints(tmp_path / "a.npy")
    with pytest.raises(UnusableError, match="missing_joints"):
        bold.read_joints(tmp_path / "b.npy")


@pytest.mark.parametrize("joints", [np.zeros((3, 55)), np.zeros(56), np.full((2, 56), np.nan)])
def test_joints_of_another_form_are_broken(tmp_path: Path, joints: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", joints)
    with pytest.raises(UnusableError, match="broken_joints"):
        bold.read_joints(tmp_path / "a.npy")


def test_objects_in_joints_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(UnusableError, match="broken_joints"):
        bold.read_joints(tmp_path / "a.npy")


def test_an_item_per_person(tmp_path: Path) -> None:
    found = read(write_bold(tmp_path, films=4))
    items = [one for one in found if isinstance(one, Item)]
    assert len(items) == len(found) == 4 * 2 * 2
    assert Counter(item.split for item in items) == {"train": 8, "test": 8}
    first, second, third = items[:3]
    assert first.item_id == "003/film00.mp4/0000.mp4#0:3-9"
    assert first.image_name == third.image_name == "003/film00.mp4"
    marked = {name for name in bold.CATEGORIES if first.values[name] == "1"}
    assert marked == {"Peace", "Suffering"}  # Engagement's share is 0.49
    assert [first.values[name] for name in bold.RATINGS] == [5.5, 1.0, 10.0]
    assert clip_of(first) == Clip(tmp_path / "videos/003/film00.mp4/0000.mp4")
    assert clip_of(first).boxes == dict.fromkeys(range(12), (8, 10, 20, 40))
    assert clip_of(second).boxes == dict.fromkeys(range(6, 12), (28, 10, 40, 40))


def test_the_span_and_the_boxes_are_options(tmp_path: Path) -> None:
    write_bold(tmp_path, films=3)
    assert clip_of(read(tmp_path, span="annotated")[0]).numbers == (3, 9)
    assert clip_of(read(tmp_path, joints=None)[0]).boxes is None


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    put(tmp_path / "videos" / "a" / "1.mp4", b"")
    put(tmp_path / "videos" / "a" / "2.mp4", b"")
    put_joints(tmp_path / "joints" / "a" / "1.npy", [])
    good = bold_row("a/1.mp4", 0, (0, 5), {})
    rows = [
        good,
        good + ",1",
        good.replace("a/1.mp4", "a/9.mp4"),
        good.replace("a/1.mp4", "a/2.mp4"),
        good.replace("a/1.mp4", "../../1.mp4"),
        good.replace("0.0", "x", 1),
        good.replace("0.0", "1.5", 1),
        good.replace(",0,0,5,", ",0,5,0,", 1),
        good.replace(",0,0,5,", ",?,0,5,", 1),
        good.replace("5.5", "?", 1),
    ]
    put(tmp_path / "annotations" / "train.csv", "\n".join(rows).encode())
    found = read(tmp_path, annotations={"train": "annotations/train.csv"})
    reasons = Counter(one.reason for one in found if isinstance(one, Rejected))
    assert reasons == {"malformed_row": 5, "missing_video": 1, "missing_joints": 1, "outside_dataset": 1}
    unrated = [one for one in found if isinstance(one, Item)][1]
    assert unrated.values["valence"] is None and unrated.values["arousal"] == 1.0


def test_persons_of_a_video_follow_each_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / "videos" / f"{name}.mp4", b"")
    rows = [bold_row(f"{name}.mp4", person, (0, 1), {}) for person in (0, 1) for name in ("a", "b")]
    put(tmp_path / "t.csv", "\n".join(rows).encode())
    found = read(tmp_path, annotations={"train": "t.csv"}, joints=None)
    assert [one.item_id for one in found if isinstance(one, Item)] == [
        f"{name}.mp4#{person}:0-1" for name in ("a", "b") for person in (0, 1)
    ]


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"annotations/train\.csv: no such file; expected BoLD's"):
        read(tmp_path)
