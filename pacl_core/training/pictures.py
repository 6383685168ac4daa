"""Pixels for each step: decoded once where they fit, else decoded as they are needed."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pacl_core.artefacts.npy_file import allocate
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.training import TrainParams
from pacl_core.shards.read import Samples
from pacl_core.training.augment import flips, random_resized_crop

Pixels = NDArray[np.uint8]
# (epoch, rows [B]) -> [B, 3, size, size] uint8
PixelSource = Callable[[int, NDArray[np.int64]], Pixels]

Item = TypeVar("Item")
Result = TypeVar("Result")

CACHE_BYTES = 4 * 1024**3  # of scratch space; 100,000 pictures at 112 pixels, 28,000 at 224
_BLOCK = 256


def pixel_source(
    samples: Samples, preprocess: Preprocess, params: TrainParams, work: Path, pool: Executor
) -> PixelSource:
    """Choose how pictures are read. Without random crops and within `CACHE_BYTES` they are decoded once."""
    size = len(samples.sample_ids) * 3 * preprocess.size**2
    if params.random_resized_crop or size > CACHE_BYTES:
        source = _decoding(samples, preprocess, params, pool)
    else:
        source = _cached(samples, preprocess, work, pool)
    return _flipping(source, params.seed) if params.horizontal_flip else source


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


def plain_source(samples: Samples, preprocess: Preprocess, pool: Executor) -> PixelSource:
    """Pictures as the backbone is fed outside training, decoded each time."""
    return lambda epoch, rows: np.stack(
        list(pool.map(lambda row: preprocess.pixels(samples.picture(row)), rows.tolist()))
    )


def _cached(samples: Samples, preprocess: Preprocess, work: Path, pool: Executor) -> PixelSource:
    path = work / "pixels.npy"
    if not path.exists():
        count = len(samples.sample_ids)
        shape = (count, 3, preprocess.size, preprocess.size)
        draft = work / "pixels.draft.npy"
        array = allocate(draft, shape, np.uint8)
        for start in range(0, count, _BLOCK):
            block = range(start, min(start + _BLOCK, count))
            for row, pixels in zip(
                block, pool.map(lambda row: preprocess.pixels(samples.picture(row)), block), strict=True
            ):
                array[row] = pixels
        array.flush()
        draft.replace(path)
    pixels_N = np.load(path, mmap_mode="r", allow_pickle=False)
    return lambda epoch, rows: pixels_N[rows]


def _decoding(samples: Samples, preprocess: Preprocess, params: TrainParams, pool: Executor) -> PixelSource:
    if not params.random_resized_crop:
        return plain_source(samples, preprocess, pool)

    def source(epoch: int, rows: NDArray[np.int64]) -> Pixels:
        def view(row: int) -> Pixels:
            return random_resized_crop(samples.picture(row), preprocess, row, epoch, params.seed)

        return np.stack(list(pool.map(view, rows.tolist())))

    return source


def _flipping(source: PixelSource, seed: int) -> PixelSource:
    def flipped(epoch: int, rows: NDArray[np.int64]) -> Pixels:
        pixels = np.array(source(epoch, rows))
        mirrored = flips(rows, epoch, seed)
        pixels[mirrored] = pixels[mirrored][..., ::-1]
        return pixels

    return flipped
