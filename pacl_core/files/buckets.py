"""Records on disk in buckets that fit in memory, to sort a table larger than memory."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 16  # of a bucket, about
MOST = 512  # files open at once; a process may have 1,024

Records = np.ndarray[Any, np.dtype[Any]]


def bucket_count(rows: int) -> int:
    """How many buckets split so many rows well."""
    return min(MOST, -(-rows // ROWS)) or 1


class Buckets:
    """`count` buckets of records of one (structured) dtype, as nameless files in `folder`."""

    def __init__(self, count: int, dtype: np.dtype[Any], folder: Path) -> None:
        self._dtype = dtype
        self._open = ExitStack()
        self._files: list[IO[bytes]] = [
            self._open.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (closed by __exit__)
            for _ in range(count)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, bucket: NDArray[np.integer[Any]], records: Records) -> None:
        """Append records [B], each to its bucket; within a bucket they keep the order in which they came."""
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=len(self._files)))
        for file, part in zip(self._files, np.split(records[order], ends[:-1]), strict=True):
            file.write(part.tobytes())

    def __iter__(self) -> Iterator[Records]:
        """The records of each bucket, bucket after bucket."""
        for file in self._files:
            file.seek(0)
            yield np.fromfile(file, self._dtype)
