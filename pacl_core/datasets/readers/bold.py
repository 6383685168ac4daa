"""BoLD (Luo et al. 2020): persons in clips of films, with shares of 26 categories and ratings, and joints.

<root>/annotations/{train,val}.csv         37 columns, no header, a row per person
<root>/videos/<video>                      such as 003/<film>.mp4/0114.mp4
<root>/joints/<video, .npy for .mp4>       rows of frame, person and 18 times x, y, score

The item_id is `<video>#<person>:<min_frame>-<max_frame>`; the clips of a film share an `image_name`. Values
are the categories, "1" where at least half of the annotators marked one, and `valence`, `arousal`,
`dominance`. `test_meta.csv` has no labels: the official validation split is the test split here.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pacl_core.datasets.clips import Clip, Edges, find_video
from pacl_core.datasets.published_text import existing_file, lines, number
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import Split
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

CATEGORIES = (
    "Peace", "Affection", "Esteem", "Anticipation", "Engagement", "Confidence", "Happiness", "Pleasure",
    "Excitement", "Surprise", "Sympathy", "Doubt/Confusion", "Disconnection", "Fatigue", "Embarrassment",
    "Yearning", "Disapproval", "Aversion", "Annoyance", "Anger", "Sensitivity", "Sadness", "Disquietment",
    "Fear", "Pain", "Suffering",
)  # fmt: skip
RATINGS = ("valence", "arousal", "dominance")
FIELDS = 37
MARKED = 0.5  # share of the annotators
LEAST_SCORE = 0.1  # of a joint
_ANNOTATIONS: dict[Split, str] = {"train": "annotations/train.csv", "test": "annotations/val.csv"}
_MOST_BYTES = 256 << 20
_JOINT_COLUMNS = 2 + 18 * 3


class Options(Section):
    """`annotations`: the table of each split. `videos`, `joints`: their folders; without `joints` (null) no
    person is marked. `span`: the whole clip, as published, or the frames in which the person was rated.
    """

    annotations: dict[Split, str] = Field(default_factory=lambda: dict(_ANNOTATIONS))
    videos: str = "videos"
    joints: str | None = "joints"
    span: Literal["clip", "annotated"] = "clip"


class _Row(NamedTuple):
    source: str
    video: str
    person: int
    frames: tuple[int, int]
    values: Mapping[str, str | float | None]


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Persons, video by video in the order of their first row: all persons of a video follow each other.

    Rejected: malformed_row, outside_dataset, missing_video, missing_joints, broken_joints. Raises
    `UserError`: no table.
    """
    tables = {
        split: existing_file(path / name, "BoLD's annotations of a split")
        for split, name in options.annotations.items()
    }
    files = ListedFiles(path, "outside_dataset")
    joints_of = lru_cache(maxsize=1)(read_joints)
    for split, table in tables.items():
        rows: dict[str, list[_Row]] = {}
        for one in _rows(table):
            if isinstance(one, Rejected):
                yield one
            else:
                rows.setdefault(one.video, []).append(one)
        for row in (row for of_video in rows.values() for row in of_video):
            try:
                video = find_video(files, path / options.videos, row.video)
                boxes = None
                if options.joints is not None:
                    name = row.video.removesuffix(".mp4") + ".npy"
                    boxes = person_boxes(joints_of(files.find(path / options.joints, name)), row.person)
            except UnusableError as error:
                yield error.rejected(row.source)
                continue
            clip = Clip(video, numbers=row.frames if options.span == "annotated" else None, boxes=boxes)
            first, last = row.frames
            film = row.video.rpartition("/")[0] or row.video
            yield Item(f"{row.video}#{row.person}:{first}-{last}", clip, row.values, split, film)


def _rows(table: Path) -> Iterator[_Row | Rejected]:
    for at, line in lines(table):
        source = f"{table.name}:{at}"
        try:
            fields = [field.strip() for field in next(csv.reader([line]))]
            yield _row(fields, source)
        except UnusableError as error:
            yield error.rejected(source)
        except csv.Error as error:
            yield Rejected(source, "malformed_row", str(error))


def _row(fields: list[str], source: str) -> _Row:
    if len(fields) != FIELDS or not fields[0]:
        raise UnusableError("malformed_row", f"{len(fields)} fields, not {FIELDS}, or no video")
    person, first, last = (_whole(field) for field in fields[1:4])
    if not 0 <= first <= last:
        raise UnusableError("malformed_row", f"frames {first} to {last}")
    shares = [number(field) for field in fields[4:30]]
    values: dict[str, str | float | None] = {}
    for category, share in zip(CATEGORIES, shares, strict=True):
        if share is None or not 0 <= share <= 1:
            raise UnusableError("malformed_row", f"the share of {category} is none between 0 and 1")
        values[category] = "1" if share >= MARKED else "0"
    values |= dict(zip(RATINGS, (number(field) for field in fields[30:33]), strict=True))
    return _Row(source, valid_name(fields[0].replace("\\", "/")), person, (first, last), values)


def _whole(field: str) -> int:
    value = number(field)
    if value is None or value != int(value):
        raise UnusableError("malformed_row", valid_name(f"'{field[:80]}' is not a whole number"))
    return int(value)


def read_joints(path: Path) -> NDArray[np.float64]:
    """Joints [N, 56] of a clip, frames counted from its first. Raises `UnusableError`: missing_joints,
    broken_joints."""
    data = read_regular(path, _MOST_BYTES, "missing_joints", too_large="broken_joints")
    try:
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
        joints = np.asarray(found, np.float64)
    except Exception as error:  # what a broken header makes NumPy raise is not documented
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnusableError("broken_joints", f"{path}: {reason[:200]}") from None
    if joints.ndim != 2 or joints.shape[1] != _JOINT_COLUMNS or not np.isfinite(joints[:, :2]).all():
        raise UnusableError("broken_joints", f"{path}: {joints.shape} is not [rows, {_JOINT_COLUMNS}]")
    if len(joints):
        joints[:, 0] -= joints[:, 0].min()
    return joints


def person_boxes(joints: NDArray[np.float64], person: int) -> dict[int, Edges]:
    """Frame -> the box around a person's joints [N, 56], in pixels; it may reach beyond the picture.

    Joints that are all zero, not finite, or of a score below 0.1 do not count; a frame without any that
    counts has no box. A box of joints on one line is as wide as the pixels that contain them.
    """
    boxes: dict[int, Edges] = {}
    for row in joints[joints[:, 1] == person]:
        triples = row[2:].reshape(-1, 3)
        counts = np.isfinite(triples).all(axis=1) & triples.any(axis=1) & (triples[:, 2] >= LEAST_SCORE)
        points = triples[counts, :2]
        if len(points):
            least, most = points.min(axis=0), points.max(axis=0)
            flat = least == most
            least, most = np.where(flat, np.floor(least), least), np.where(flat, np.floor(most) + 1, most)
            boxes[int(row[0])] = (float(least[0]), float(least[1]), float(most[0]), float(most[1]))
    return boxes
