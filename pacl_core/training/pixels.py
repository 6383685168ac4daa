"""Pixels of a model's input, in random order: decoded once where they fit, else as they are needed."""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pacl_core.files.npy_file import allocate
from pacl_core.models.frozen import model_input
from pacl_core.models.preprocess import Preprocess

Pixels = NDArray[np.uint8]
# (epoch, rows [B]) -> [B, 3, size, size] uint8
PixelSource = Callable[[int, NDArray[np.int64]], Pixels]
# the decoded image of a row; called from several threads
Images = Callable[[int], Image.Image]

Item = TypeVar("Item")
Result = TypeVar("Result")

CACHE_BYTES = 4 * 1024**3  # of scratch space; 100,000 images at 112 pixels, 28,000 at 224
_BLOCK = 256


@dataclass(frozen=True)
class ImageSource:
    """Images of rows 0 to `count` - 1, and how they become a model's input.

    `work` is a folder for decoded pixels, `pool` the threads that decode. `shared`: another folder for the
    pixels, which sources of the same images have in common.
    """

    image: Images
    count: int
    preprocess: Preprocess
    work: Path
    pool: Executor
    shared: Path | None = None


def view_source(source: ImageSource, seed: int, *, crop: bool, flip: bool) -> PixelSource:
    """Pixels to learn from: without random crops they are decoded once, where they fit."""
    pixels = cropped_source(source, seed) if crop else plain_source(source)
    return flipped_source(pixels, seed) if flip else pixels


def plain_source(source: ImageSource) -> PixelSource:
    """Pixels as the model takes them; decoded once into `work` within `CACHE_BYTES`."""
    if source.count * 3 * source.preprocess.size**2 > CACHE_BYTES:
        return decoded_source(source)
    return _cached_source(source)


def decoded_source(source: ImageSource) -> PixelSource:
    """Pixels as the model takes them, decoded each time."""

    def pixels(row: int) -> Pixels:
        return source.preprocess.pixels(source.image(row))

    return lambda epoch, rows: np.stack(list(source.pool.map(pixels, rows.tolist())))


def cropped_source(source: ImageSource, seed: int) -> PixelSource:
    """A random resized crop of each image, another one in every epoch."""

    def cropped(epoch: int, rows: NDArray[np.int64]) -> Pixels:
        def view(row: int) -> Pixels:
            return random_resized_crop(source.image(row), source.preprocess, (seed, epoch, row, 1))

        return np.stack(list(source.pool.map(view, rows.tolist())))

    return cropped


def flipped_source(source: PixelSource, seed: int) -> PixelSource:
    """`source`, where half of the images are mirrored, others in every epoch."""

    def flipped(epoch: int, rows: NDArray[np.int64]) -> Pixels:
        pixels = np.array(source(epoch, rows))
        mirrored = flips(rows, epoch, seed)
        pixels[mirrored] = pixels[mirrored][..., ::-1]
        return pixels

    return flipped


def batch_loader(
    preprocess: Preprocess, pixels: PixelSource, device: str
) -> Callable[[int, NDArray[np.int64]], Tensor]:
    """(epoch, rows [B]) -> `[B, 3, size, size]` float32 on the device, normalised there, channels last."""
    none = np.empty((0, 3, preprocess.size, preprocess.size), np.uint8)
    return lambda epoch, rows: model_input(pixels(epoch, rows) if len(rows) else none, preprocess, device)


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """`(item, work(item))` in order, with the next one already under way in a thread."""
    with ThreadPoolExecutor(1) as thread:
        pending = None
        for item in items:
            following = (item, thread.submit(work, item))
            if pending is not None:
                yield pending[0], pending[1].result()
            pending = following
        if pending is not None:
            yield pending[0], pending[1].result()


def _cached_source(source: ImageSource) -> PixelSource:
    folder, size, count = source.shared or source.work, source.preprocess.size, source.count
    path = folder / "pixels.npy"
    if not path.exists():
        draft = folder / "pixels.draft.npy"
        array = allocate(draft, (count, 3, size, size), np.uint8)
        decoded = decoded_source(source)
        for start in range(0, count, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, count))
            array[block] = decoded(0, block)
        array.flush()
        draft.replace(path)
    pixels_N = np.load(path, mmap_mode="r", allow_pickle=False)
    return lambda epoch, rows: pixels_N[rows]


# open_clip's: a smaller crop would often lose what the caption is about
CROP_AREA = (0.9, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def flips(rows: NDArray[np.int64], epoch: int, seed: int) -> NDArray[np.bool_]:
    """`[B]` bool: which images are seen mirrored in this epoch, each with probability one half."""
    return np.array([np.random.default_rng((seed, epoch, int(row), 0)).random() < 0.5 for row in rows], bool)


def random_resized_crop(
    image: Image.Image, preprocess: Preprocess, seed: tuple[int, ...]
) -> NDArray[np.uint8]:
    """A random part of the image as `[3, size, size]` uint8: 90 to 100 % of its area, aspect 3/4 to 4/3."""
    generator = np.random.default_rng(seed)
    width, height = image.size
    area = width * height * generator.uniform(*CROP_AREA)
    aspect = math.exp(generator.uniform(math.log(CROP_ASPECT[0]), math.log(CROP_ASPECT[1])))
    # a box that would not fit is clipped to the image
    crop_width = min(width, max(1, round(math.sqrt(area * aspect))))
    crop_height = min(height, max(1, round(math.sqrt(area / aspect))))
    left = int(generator.integers(0, width - crop_width + 1))
    top = int(generator.integers(0, height - crop_height + 1))
    box = (left, top, left + crop_width, top + crop_height)
    size = (preprocess.size, preprocess.size)
    view = image.resize(size, _FILTERS[preprocess.interpolation], box=box)
    return np.ascontiguousarray(np.asarray(view).transpose(2, 0, 1))
