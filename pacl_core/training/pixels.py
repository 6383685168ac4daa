"""Pixels of a model's input, in random order: decoded once where they fit, else as they are needed."""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pacl_core.files.npy_file import allocate
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


def plain_source(
    images: Images, count: int, preprocess: Preprocess, work: Path, pool: Executor
) -> PixelSource:
    """Pixels of rows 0..count - 1 as the model is fed; decoded once into `work` within `CACHE_BYTES`."""
    if count * 3 * preprocess.size**2 > CACHE_BYTES:
        return decoded_source(images, preprocess, pool)
    return _cached_source(images, count, preprocess, work, pool)


def decoded_source(images: Images, preprocess: Preprocess, pool: Executor) -> PixelSource:
    """Pixels as the model is fed, decoded each time."""
    return lambda epoch, rows: np.stack(
        list(pool.map(lambda row: preprocess.pixels(images(row)), rows.tolist()))
    )


def cropped_source(images: Images, preprocess: Preprocess, seed: int, pool: Executor) -> PixelSource:
    """A random resized crop of each image, another one in every epoch."""

    def source(epoch: int, rows: NDArray[np.int64]) -> Pixels:
        def view(row: int) -> Pixels:
            return random_resized_crop(images(row), preprocess, row, epoch, seed)

        return np.stack(list(pool.map(view, rows.tolist())))

    return source


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

    def load(epoch: int, rows: NDArray[np.int64]) -> Tensor:
        none = np.empty((0, 3, preprocess.size, preprocess.size), np.uint8)
        taken = torch.from_numpy(pixels(epoch, rows) if len(rows) else none)
        if device.startswith("cuda"):  # a copy from pinned memory does not stop the step under way
            taken = taken.pin_memory()
        moved = taken.to(device, non_blocking=True)
        return preprocess.normalise(moved).contiguous(memory_format=torch.channels_last)

    return load


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


def _cached_source(
    images: Images, count: int, preprocess: Preprocess, work: Path, pool: Executor
) -> PixelSource:
    path = work / "pixels.npy"
    if not path.exists():
        draft = work / "pixels.draft.npy"
        array = allocate(draft, (count, 3, preprocess.size, preprocess.size), np.uint8)
        for start in range(0, count, _BLOCK):
            block = range(start, min(start + _BLOCK, count))
            decoded = pool.map(lambda row: preprocess.pixels(images(row)), block)
            for row, pixels in zip(block, decoded, strict=True):
                array[row] = pixels
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
    image: Image.Image, preprocess: Preprocess, row: int, epoch: int, seed: int
) -> NDArray[np.uint8]:
    """A random part of the image as `[3, size, size]` uint8: 90 to 100 % of its area, aspect 3/4 to 4/3."""
    generator = np.random.default_rng((seed, epoch, row, 1))
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
