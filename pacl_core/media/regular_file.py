"""Bytes of an untrusted file: bounded, and without ever waiting for them."""

import os
import stat
from pathlib import Path

from pacl_core.media.rejects import UnusableError

# without it, opening a FIFO waits for a writer that never comes
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_regular(path: Path, most: int, absent: str, *, too_large: str) -> bytes:
    """The bytes of a regular file of at most `most` bytes; links are followed.

    Raises `UnusableError`: `absent` (no such file), `too_large` (both are the caller's codes), not_a_file (a
    folder, FIFO, socket or device), unreadable.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnusableError("not_a_file", f"{path} is {_kind(status.st_mode)}")
        if status.st_size > most:
            raise UnusableError(too_large, f"{status.st_size} bytes; at most {most} are read")
        with os.fdopen(os.open(path, _OPEN), "rb") as stream:
            data = stream.read(most + 1)  # it may have grown, or not know its size
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableError(absent, f"no file {path}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnusableError("unreadable", f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > most:
        raise UnusableError(too_large, f"more than {most} bytes")
    return data


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
