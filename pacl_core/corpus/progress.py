"""Progress of reading a corpus, whose length nobody knows: a bar on a terminal, else a line now and then."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger("pacl")
SECONDS_BETWEEN_LINES = 10.0
Item = TypeVar("Item")


def counted(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The same items; their count and rate are shown, and logged at the end."""
    bar = sys.stderr.isatty()
    started = said = time.monotonic()
    count = 0
    for count, item in enumerate(tqdm(items, desc=what, unit="", disable=not bar), start=1):
        yield item
        now = time.monotonic()
        if not bar and now - said > SECONDS_BETWEEN_LINES:
            said = now
            log.info("%s: %d, %.0f/s", what, count, count / (now - started))
    log.info("%s: %d, %.0f/s", what, count, count / max(time.monotonic() - started, 1e-9))
