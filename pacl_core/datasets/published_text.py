"""Text files of published data sets: lines and rows whatever their encoding and line ends."""

import math
from collections.abc import Iterator
from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.media.listed_files import same_file
from pacl_core.media.text_decoding import open_text


def existing_file(path: Path, expected: str) -> Path:
    """`path`, or the file that differs in the case of its suffix. Raises `UserError`: what is expected."""
    found = same_file(path)
    if not found.is_file():
        raise UserError(f"{path}: no such file; expected {expected}")
    return found


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, the line), blank lines left out; outer blanks may be empty fields and stay."""
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, line.rstrip("\n")


def number(text: str) -> float | None:
    """A finite number, else None: published files write ".", "nan" or nothing for a missing one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
