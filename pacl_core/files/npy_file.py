"""Arrays as .npy files: large ones written in place, small ones as bytes."""

import mmap
import os
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Mapped: TypeAlias = np.memmap[Any, np.dtype[Any]]

_CHUNK = 1 << 24


def allocate(path: Path, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Mapped:
    """A writable memory map of zeros, its disk space taken at once.

    A sparse file would allocate space while it is written, and a full disk would then kill the process in the
    middle of an assignment. Here a full disk is an OSError, before any work.
    """
    array: Mapped = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    size = path.stat().st_size
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:  # macOS
            file.seek(size - array.nbytes)
            for start in range(0, array.nbytes, _CHUNK):
                file.write(bytes(min(_CHUNK, array.nbytes - start)))
    return array


def release(array: NDArray[Any]) -> None:
    """Let go of the pages of a mapped array that were touched; the next read fetches them again.

    The system may reclaim them at any time, but until then they count as memory of the process, up to the
    whole file. Code that walks through a whole file releases it block by block. Written data is kept.
    """
    if isinstance(array, np.memmap):
        mapped: mmap.mmap = array._mmap  # type: ignore[attr-defined]
        mapped.madvise(mmap.MADV_DONTNEED)


def npy_bytes(array: NDArray[Any]) -> bytes:
    """The bytes of an .npy file: numpy's own writing to a file does not say that the disk is full."""
    stream = BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
