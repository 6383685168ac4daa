"""An image model over the pictures of a table: each distinct one once, decoded ahead of the model."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from pacl_core.artefacts.aligned import Table, batches, part_files
from pacl_core.corpus.pictures import decode_jpeg
from pacl_core.passes.distinct import distinct
from pacl_core.passes.encoded import Encoded
from pacl_core.passes.resumable import ResumableRows
from pacl_core.progress import Progress

READ = 64  # pictures per read: compressed bytes in memory stay small

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Pixels = Callable[[Image.Image], NDArray[np.uint8]]


def encode_images(
    table: Path,
    pixels: Pixels,
    encode: Encode,
    dim: int,
    batch: int,
    workers: int,
    scratch: Path,
    what: str,
) -> Encoded:
    """Encode the pictures of a table with `image` and `pixel_hash`, resuming from `scratch` after a kill.

    `pixels`: picture -> uint8 [3, H, W]; `encode`: uint8 [B, 3, H, W] -> float32 [B, dim].
    """
    found = distinct(pl.scan_parquet(part_files(table)).select("pixel_hash"))
    rows = ResumableRows(scratch / what.replace(" ", "_"), len(found.rows), dim)
    wanted = _pictures(table, found.rows[rows.done :])
    with Progress(what, len(found.rows), rows.done) as progress:
        for block in _decoded(wanted, pixels, batch, workers):
            rows.append(encode(block))
            progress.add(len(block))
    return Encoded(rows.array, found.index)


def _pictures(table: Path, wanted: NDArray[np.int64]) -> Iterator[bytes]:
    """JPEG bytes of the wanted rows, in ascending order."""
    start = 0
    for part in batches(Table(table, ("image",)), READ):
        low, high = np.searchsorted(wanted, [start, start + part.num_rows])
        for row in wanted[low:high]:
            yield part["image"][int(row) - start].as_py()
        start += part.num_rows


def _decoded(jpegs: Iterator[bytes], pixels: Pixels, batch: int, workers: int) -> Iterator[NDArray[np.uint8]]:
    """Blocks of uint8 [batch, 3, H, W], the next one decoding while the caller works on this one."""

    def ready(jpeg: bytes) -> NDArray[np.uint8]:
        return pixels(decode_jpeg(jpeg))

    with ThreadPoolExecutor(workers) as pool:
        ahead = [pool.submit(ready, jpeg) for jpeg in islice(jpegs, batch)]
        while ahead:
            current, ahead = ahead, [pool.submit(ready, jpeg) for jpeg in islice(jpegs, batch)]
            yield np.stack([picture.result() for picture in current])
