"""One process at a time: a lock that the kernel releases when its process ends in any way."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pacl_core.errors import UserError


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`; raises `UserError` where another process holds it. The file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            raise UserError(
                f"another process runs {what} here (pid {pid}); wait for it, or end it, and run again"
            ) from None
        with suppress(OSError):  # the number is only for the other process' message: a full disk may
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield
