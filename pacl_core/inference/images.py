"""Images in any form (files, folders, bytes, Pillow images), prepared as in the pipeline."""

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.media.image_tree import is_image, walk
from pacl_core.media.images import decode_jpeg, normalise_image, read_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD

ImageLike = Image.Image | bytes | str | PathLike[str]
Pixels = NDArray[np.uint8]

CHECK_IMAGES = 16  # on which an exported model is compared with the network
STORED_SIDE = 256  # short side of the stored images that models are trained and evaluated on
_PNG_MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")


@dataclass(frozen=True)
class Batch:
    """Files in order, each with the reason why it is not a usable image, or None.

    `pixels` [B, 3, H, W] uint8 are those of the usable ones, in the same order; None where there is none.
    """

    files: list[tuple[Path, UnusableError | None]]
    pixels: Pixels | None

    @property
    def paths(self) -> list[Path]:
        """The files of the rows of `pixels`."""
        return [path for path, error in self.files if error is None]


def image_files(given: Iterable[Path]) -> Iterator[Path]:
    """Files as given; for a folder, every file below it with an image's suffix, in name order. Hidden entries
    and links to folders are skipped.

    Raises `UserError` for a folder without any.
    """
    for path in given:
        if not path.is_dir():
            yield path
            continue
        folders = (files for files in walk(path) if not isinstance(files, Rejected))
        found = sorted(file for files in folders for file in files if is_image(file) and file.is_file())
        if not found:
            raise UserError(f"{path}: no image in this folder")
        yield from found


def model_pixels(image: ImageLike, preprocess: Preprocess) -> Pixels:
    """`[3, size, size]` uint8, through the checks and steps of the stored pairs, JPEG coding included.

    Raises `UnusableError` with the reason a pair would be rejected for.
    """
    if isinstance(image, Image.Image):
        data = _encoded(image)
    else:
        data = image if isinstance(image, bytes) else read_image(Path(image))
    side = max(STORED_SIDE, preprocess.resize)
    return preprocess.pixels(decode_jpeg(normalise_image(data, side).jpeg))


def _encoded(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in _PNG_MODES:
        upright = upright.convert("RGB")
    stream = io.BytesIO()
    upright.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def batches(paths: Iterable[Path], preprocess: Preprocess, size: int, *, workers: int) -> Iterator[Batch]:
    """Batches of up to `size` files, in order; the next one is decoded while the caller works on this one."""

    def ready(path: Path) -> Pixels | UnusableError:
        try:
            return model_pixels(path, preprocess)
        except UnusableError as error:
            return error

    remaining = iter(paths)
    with ThreadPoolExecutor(workers) as pool:
        ahead = [(path, pool.submit(ready, path)) for path in islice(remaining, size)]
        while ahead:
            current, ahead = ahead, [(path, pool.submit(ready, path)) for path in islice(remaining, size)]
            yield _batch([(path, done.result()) for path, done in current])


def stacked(images: Iterable[ImageLike], preprocess: Preprocess, size: int) -> Iterator[Pixels]:
    """Pixels of images in blocks of up to `size`."""
    remaining = iter(images)
    while block := [model_pixels(image, preprocess) for image in islice(remaining, size)]:
        yield np.stack(block)


def _batch(results: Sequence[tuple[Path, Pixels | UnusableError]]) -> Batch:
    files = [(path, found if isinstance(found, UnusableError) else None) for path, found in results]
    good = [found for _, found in results if not isinstance(found, UnusableError)]
    return Batch(files, np.stack(good) if good else None)


def check_pixels(model: Path, given: list[Path]) -> NDArray[np.uint8]:
    """Up to 16 images as the model takes them, [N, 3, H, W]: those given, else pairs of the project.

    Raises `UserError` where there are none.
    """
    try:
        preprocess = Preprocess.from_json(read_json(model / CARD)["preprocess"])
    except FileNotFoundError:
        raise UserError(f"{model / CARD}: missing; give the folder of a saved model") from None
    if given:
        return np.stack([_pixels(file, preprocess) for file in islice(image_files(given), CHECK_IMAGES)])
    for part in sorted((model.resolve().parent.parent / "data/pairs").glob("*.parquet")):
        with pq.ParquetFile(part) as opened:
            jpegs = next(opened.iter_batches(CHECK_IMAGES, columns=["image"]))["image"].to_pylist()
        return np.stack([preprocess.pixels(decode_jpeg(jpeg)) for jpeg in jpegs])
    raise UserError("no image for the check: name some with --check")


def _pixels(file: Path, preprocess: Preprocess) -> NDArray[np.uint8]:
    try:
        return model_pixels(file, preprocess)
    except UnusableError as error:
        raise UserError(f"{file}: {error}") from None
