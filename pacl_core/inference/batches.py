"""Many files in batches, in order; those that come next are decoded while a batch is worked on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pacl_core.errors import UserError
from pacl_core.inference.given import is_video
from pacl_core.media.rejects import UnusableError

Made = TypeVar("Made")
Span = tuple[float, float]
Read = Callable[[Path], Iterator[tuple[Span | None, Made]]]


class Row(NamedTuple, Generic[Made]):
    """A file or a span of it: what was made of it, or why there is nothing."""

    path: Path
    span: Span | None
    made: Made | UnusableError

    @property
    def error(self) -> UnusableError | None:
        """Why it cannot be used, or None."""
        return self.made if isinstance(self.made, UnusableError) else None


def batches(
    paths: Sequence[Path], read: Read[Made], *, batch: int, frames: int, workers: int
) -> Iterator[Sequence[Row[Made]]]:
    """The rows of each file, in order, up to `batch` at a time; of clips, as many as have so many frames.

    A file that fails has a row with the reason, after those of its spans that could be read. While the
    caller works on a batch, `workers` threads read as much again.
    """
    size = max(1, batch // frames) if any(map(is_video, paths)) else batch
    found = _rows(paths, read, size=size, workers=workers)
    while several := list(islice(found, size)):
        yield several


def _rows(paths: Iterable[Path], read: Read[Made], *, size: int, workers: int) -> Iterator[Row[Made]]:
    """Of a long video the next `size` spans are read when those before are taken, so memory is bounded."""
    remaining = iter(paths)
    begun: deque[tuple[Path, Iterator[tuple[Span | None, Made]], Future[list[Row[Made]]]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for path in islice(remaining, max(2 * size, workers) - len(begun)):
                    source = read(path)
                    begun.append((path, source, pool.submit(_block, path, source, size)))
                if not begun:
                    return
                path, source, future = begun.popleft()
                found = future.result()
                if len(found) == size and found[-1].error is None:
                    begun.appendleft((path, source, pool.submit(_block, path, source, size)))
                yield from found
        finally:
            pool.shutdown(cancel_futures=True)


def _block(path: Path, source: Iterator[tuple[Span | None, Made]], size: int) -> list[Row[Made]]:
    found: list[Row[Made]] = []
    try:
        for span, made in islice(source, size):
            found.append(Row(path, span, made))
    except UnusableError as error:
        found.append(Row(path, None, error))
    except UserError as error:  # a package is missing; other files may do without it
        found.append(Row(path, None, UnusableError("not_installed", str(error))))
    return found
