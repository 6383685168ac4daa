"""Pixels for each step: decoded once where they fit, else decoded as they are needed."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.npy_file import allocate
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.training import TrainParams
from pacl_core.shards.read import Samples
from pacl_core.training.augment import flips, random_resized_crop

Pixels = NDArray[np.uint8]
# (rows [B], epoch) -> [B, 3, size, size] uint8
PixelSource = Callable[[NDArray[np.int64], int], Pixels]

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
    return lambda rows, epoch: pixels_N[rows]


def _decoding(samples: Samples, preprocess: Preprocess, params: TrainParams, pool: Executor) -> PixelSource:
    def source(rows: NDArray[np.int64], epoch: int) -> Pixels:
        def view(row: int) -> Pixels:
            picture = samples.picture(row)
            if params.random_resized_crop:
                return random_resized_crop(picture, preprocess, row, epoch, params.seed)
            return preprocess.pixels(picture)

        return np.stack(list(pool.map(view, rows.tolist())))

    return source


def _flipping(source: PixelSource, seed: int) -> PixelSource:
    def flipped(rows: NDArray[np.int64], epoch: int) -> Pixels:
        pixels = np.array(source(rows, epoch))
        mirrored = flips(rows, epoch, seed)
        pixels[mirrored] = pixels[mirrored][..., ::-1]
        return pixels

    return flipped
