"""A pretext set out of its table: images in one file of scratch space, labels and captions in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import Table, batches, column_names, read_table
from pacl_core.training.method import RowIds

_BATCH = 64  # images at a time


class Labels(NamedTuple):
    """Names of the classes, and of each row the class, -1 where it has none."""

    classes: tuple[str, ...]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class PretextSet:
    """N images by row. `image` decodes one, and is called from several threads.

    `splits` [N]: train, val or test. `labels`: of each single-label task by its name. `captions` [N]: None
    for a set without them. `pictures` [N]: which picture a row shows; None: one of its own each.
    """

    name: str
    sample_ids: Sequence[str]
    image: Callable[[int], Image.Image]
    splits: NDArray[np.str_]
    labels: Mapping[str, Labels]
    captions: Sequence[str] | None = None
    pictures: Sequence[str] | None = None

    def rows(self, split: str) -> RowIds:
        """Of a split, ascending."""
        return np.flatnonzero(self.splits == split)

    def labels_of(self, task: str) -> Labels:
        """The labels of the task of this name, or else of the only one there is. Raises `UserError`."""
        if task in self.labels:
            return self.labels[task]
        if len(self.labels) != 1:
            known = ", ".join(self.labels) or "none"
            raise UserError(
                f"pretext set '{self.name}': the task '{task}' needs one single-label task, or one of this "
                f"name, but it has: {known}"
            )
        return next(iter(self.labels.values()))

    def captions_of(self) -> Sequence[str]:
        """The captions. Raises `UserError` where there are none."""
        if self.captions is None:
            raise UserError(f"pretext set '{self.name}': the task 'caption' needs captions, and it has none")
        return self.captions


def stored_set(path: Path, work: Path) -> PretextSet:
    """The set at <path>.parquet with <path>.json; images are unpacked into `work` once.

    Raises `UserError` where a file is missing or not as its stage writes it.
    """
    name = path.stem
    try:
        tasks = read_json(path.with_suffix(".json"))["tasks"]
        labelled = {one["name"]: one for one in tasks if one["kind"] == "single_label"}
        captioned = [one["columns"][0] for one in tasks if one["kind"] == "caption"]
        classes = {task: tuple(one["classes"]) for task, one in labelled.items()}
        columns = {task: one["columns"][0] for task, one in labelled.items()}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path.with_suffix('.json')}: missing or no data set's description ({error!r}); run "
            f"'dvc repro pretext_set@{name}'"
        ) from None
    hashed = "pixel_hash" in column_names(path)
    more = ["pixel_hash"] if hashed else []
    table = read_table(path, ["item_id", "split", *columns.values(), *captioned[:1], *more])
    labels = {
        task: Labels(classes[task], _classes(table[column].to_pylist())) for task, column in columns.items()
    }
    return PretextSet(
        name=name,
        sample_ids=table["item_id"].to_pylist(),
        image=_unpacked(path, work / name),
        splits=np.array(table["split"].to_pylist(), np.str_),
        labels=labels,
        captions=[one or "" for one in table[captioned[0]].to_pylist()] if captioned else None,
        pictures=table["pixel_hash"].to_pylist() if hashed else None,
    )


def _classes(values: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([-1 if value is None else value for value in values], np.int64)


def _unpacked(path: Path, folder: Path) -> Callable[[int], Image.Image]:
    """Random reads from parquet would unpack a whole row group for each image."""
    ends = folder / "ends.npy"
    if not ends.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        found, position = [], 0
        with (folder / "images.bin").open("wb") as out:
            for part in batches(Table(path, ("image",)), _BATCH):
                for data in part["image"]:
                    position += out.write(data.as_py())
                    found.append(position)
        # written last: where it is, the images are whole
        draft = folder / "draft.npy"
        np.save(draft, np.array(found, np.int64))
        draft.replace(ends)
    places = np.concatenate([[0], np.load(ends, allow_pickle=False)])
    data = np.memmap(folder / "images.bin", np.uint8, "r") if places[-1] else np.empty(0, np.uint8)

    def image(row: int) -> Image.Image:
        with Image.open(BytesIO(data[places[row] : places[row + 1]].tobytes())) as opened:
            return opened.convert("RGB")

    return image
