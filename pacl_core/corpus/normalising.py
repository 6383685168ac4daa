"""Pictures of a stream of items, decoded by threads, in the order of the items."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pacl_core.corpus.pictures import Box, Picture, normalise_picture
from pacl_core.corpus.posts import UnusableError

Item = TypeVar("Item")
_AHEAD = 4  # items in flight per worker


def _whole(_: object) -> Box | None:
    return None


def with_pictures(
    items: Iterable[Item],
    image: Callable[[Item], bytes | None],
    short_side: int,
    workers: int,
    box: Callable[[Item], Box | None] = _whole,
) -> Iterator[tuple[Item, Picture | UnusableError | None]]:
    """(item, its normalised picture, or why there is none); None for an item without picture bytes.

    `box`: the part of an item's picture that is meant, None for all of it. Items that follow each other with
    the very same bytes object and equal boxes share one decoding.
    """
    ahead: deque[tuple[Item, Future[Picture] | None]] = deque()
    last: tuple[bytes | None, Box | None] = (None, None)
    picture: Future[Picture] | None = None
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                data = image(item)
                part = box(item)
                if data is not None and not (data is last[0] and part == last[1]):
                    last, picture = (data, part), pool.submit(normalise_picture, data, short_side, part)
                ahead.append((item, None if data is None else picture))
                if len(ahead) >= _AHEAD * workers:
                    yield _finished(*ahead.popleft())
            while ahead:
                yield _finished(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(item: Item, picture: Future[Picture] | None) -> tuple[Item, Picture | UnusableError | None]:
    try:
        return item, picture.result() if picture is not None else None
    except UnusableError as error:
        return item, error
