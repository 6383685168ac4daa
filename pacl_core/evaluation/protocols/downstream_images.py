"""Images of a stored data set in any order, copied out of the table, which can only be read in order."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.files.publish import published_file
from pacl_core.files.tables import Table, batches
from pacl_core.media.images import decode_jpeg
from pacl_core.training.pixels import Images

_READ = 64  # images per read: compressed bytes in memory stay small


def unpacked_images(dataset: Path, rows: NDArray[np.intp], work: Path) -> Images:
    """The images of `rows` (ascending) by their place among these rows. Safe in threads.

    Only their JPEG bytes are copied to `work`, once. Raises `UserError` for a broken one.
    """
    path, places = work / "images.jpegs", work / "images.npy"
    if not places.exists():
        ends = [0]
        with published_file(path) as draft, draft.open("wb") as stream:
            for jpeg in _wanted(dataset, rows):
                ends.append(ends[-1] + stream.write(jpeg))
        with published_file(places) as draft, draft.open("wb") as stream:
            np.save(stream, np.array(ends, np.int64), allow_pickle=False)
    ends_N = np.load(places, allow_pickle=False)
    jpegs = np.memmap(path, mode="r")

    def image(place: int) -> Image.Image:
        try:
            return decode_jpeg(jpegs[ends_N[place] : ends_N[place + 1]].tobytes())
        except UserError as error:
            raise UserError(
                f"{dataset}: the image of row {rows[place]}: {error}; run 'dvc repro downstream' again"
            ) from None

    return image


def _wanted(dataset: Path, rows: NDArray[np.intp]) -> Iterator[bytes]:
    start = 0
    for part in batches(Table(dataset, ("image",)), _READ):
        low, high = np.searchsorted(rows, [start, start + part.num_rows])
        for row in rows[low:high]:
            yield part["image"][int(row) - start].as_py()
        start += part.num_rows
