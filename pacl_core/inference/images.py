"""Images in any form (files, bytes, Pillow images, arrays, tensors), stored as data sets store them."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.inference.given import Edges, media_files
from pacl_core.media.boxes import Box, Size, stored_boxes
from pacl_core.media.image_header import open_image
from pacl_core.media.images import decode_jpeg, normalise_image, orientation, read_image
from pacl_core.media.rejects import UnusableError
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD

ImageLike = Image.Image | bytes | str | PathLike[str] | NDArray[Any] | Tensor
Pixels = NDArray[np.uint8]

CHECK_IMAGES = 16  # on which an exported model is compared with the network
STORED_SIDE = 256  # short side of the stored images that models are trained and evaluated on
_PNG_MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")


class Stored(NamedTuple):
    """An image, or the frames of a clip, as a data set stores them: JPEGs, and the boxes of each in their
    pixels. `span`: seconds of the video that a clip is from."""

    frames: list[bytes]
    boxes: list[list[dict[str, float]]]
    clip: bool
    span: tuple[float, float] | None = None


def stored_image(image: ImageLike, side: int, boxes: Sequence[Edges] = ()) -> Stored:
    """Through the checks and steps of the stored pairs, JPEG coding included; short side at most `side`.

    Raises `UnusableError` with the reason a pair would be rejected for, and for a box that is outside.
    """
    if isinstance(image, bytes):
        data = image
    elif isinstance(image, str | PathLike):
        data = read_image(Path(image))
    else:
        data = _encoded(image if isinstance(image, Image.Image) else _of_array(image))
    normal = normalise_image(data, side)
    within = boxes_within(boxes, _shown_size(data), (normal.width, normal.height)) if boxes else []
    return Stored([normal.jpeg], [within], clip=False)


def model_pixels(image: ImageLike, preprocess: Preprocess) -> Pixels:
    """`[3, size, size]` uint8 of an image as stored. Raises as `stored_image`."""
    (jpeg,) = stored_image(image, stored_side(preprocess)).frames
    return preprocess.pixels(decode_jpeg(jpeg))


@dataclass(frozen=True)
class ModelInput:
    """An image in any form -> `[3, size, size]` float32, normalised: what a model's module takes a batch of.

    It can be pickled, for the workers of a `DataLoader`. Raises `UnusableError` as `stored_image`.
    """

    preprocess: Preprocess

    def __call__(self, image: ImageLike) -> Tensor:
        pixels = torch.from_numpy(model_pixels(image, self.preprocess))
        return self.preprocess.normalise(pixels[None])[0]


def stored_side(preprocess: Preprocess) -> int:
    """The short side at which inputs of a model are stored."""
    return max(STORED_SIDE, preprocess.resize)


def boxes_within(boxes: Sequence[Edges], size: Size, stored: Size) -> list[dict[str, float]]:
    """Boxes in pixels of `size` in those of `stored`. Raises `UnusableError` for one that is not inside."""
    found = []
    for box in boxes:
        kept, left_out = stored_boxes([Box(*box)], size, stored)
        if left_out:
            (reason,) = left_out
            edges = ",".join(f"{edge:g}" for edge in box)
            raise UnusableError("bad_box", f"{edges} is {reason.replace('_', ' ')}; {size[0]} x {size[1]}")
        found += [one._asdict() for one in kept]
    return found


def _shown_size(data: bytes) -> Size:
    """Width and height before scaling, upright."""
    with open_image(data) as image:
        turned = orientation(image) >= 5
        return image.size[::-1] if turned else image.size


def _of_array(image: NDArray[Any] | Tensor) -> Image.Image:
    """An array `[H, W, 3]` or `[H, W]`, or a tensor `[3, H, W]`: uint8, or floats from 0 to 1."""
    array = image
    if isinstance(image, Tensor):
        array = image.detach().cpu().numpy()
        array = np.moveaxis(array, 0, -1) if array.ndim == 3 else array
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)) or not array.size:
        raise UnusableError("bad_array", f"shape {tuple(image.shape)}; [H, W, 3], as a tensor [3, H, W]")
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise UnusableError("bad_array", "floats are from 0 to 1; scale them, or give uint8")
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise UnusableError("bad_array", f"{array.dtype}; uint8, or floats from 0 to 1")
    return Image.fromarray(np.ascontiguousarray(array))


def _encoded(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in _PNG_MODES:
        upright = upright.convert("RGB")
    stream = io.BytesIO()
    upright.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def check_pixels(model: Path, given: list[Path]) -> Pixels:
    """Up to 16 images as the model takes them, [N, 3, H, W]: those given, else pairs of the project, else
    frames of its clips.

    Raises `UserError` where there are none.
    """
    try:
        preprocess = Preprocess.from_json(read_json(model / CARD)["preprocess"])
    except FileNotFoundError:
        raise UserError(f"{model / CARD}: missing; give the folder of a saved model") from None
    if given:
        return np.stack([_pixels(file, preprocess) for file in islice(media_files(given), CHECK_IMAGES)])
    for jpegs in _of_project(model.resolve().parent.parent):
        return np.stack([preprocess.pixels(decode_jpeg(jpeg)) for jpeg in jpegs])
    raise UserError("no image for the check: name some with --check")


def _of_project(root: Path) -> Iterator[list[bytes]]:
    for part in [*sorted(root.glob("data/pairs/*.parquet")), *sorted(root.glob("data/clips/*/*.parquet"))]:
        with pq.ParquetFile(part) as opened:
            yield next(opened.iter_batches(CHECK_IMAGES, columns=["image"]))["image"].to_pylist()


def _pixels(file: Path, preprocess: Preprocess) -> Pixels:
    try:
        return model_pixels(file, preprocess)
    except UnusableError as error:
        raise UserError(f"{file}: {error}") from None
