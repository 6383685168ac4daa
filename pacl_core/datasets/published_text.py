"""Text files of published data sets: lines and JSON in any encoding, and the numbers and lists in cells.

The lists are those that Python, NumPy 1 and NumPy 2 print, as pandas puts them into CSV.
"""

import ast
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pacl_core.errors import UserError
from pacl_core.media.listed_files import same_file
from pacl_core.media.rejects import UnusableError
from pacl_core.media.text_decoding import open_text

MAX_CELL = 4096
_ARRAY = re.compile(r"(?:\w+\.)?array\((.*)\)", re.DOTALL)
_DTYPE = re.compile(r",\s*dtype=[^\[\]]*$")
# NumPy 2 writes the type of each number: np.float64(5.0), np.str_('Peace')
_TYPED = re.compile(r"(?:np|numpy)\.\w+\(([^()]*)\)")
_ENTRY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,'"\[\]()]+)\s*(,?)""", re.DOTALL)
_ABSENT = ("", "nan", "none", "[nan]")


def existing_file(path: Path, expected: str) -> Path:
    """`path`, or the file that differs in the case of its suffix. Raises `UserError`: what is expected."""
    found = same_file(path)
    if not found.is_file():
        raise UserError(f"{path}: no such file; expected {expected}")
    return found


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, the line) without blank lines; outer blanks stay, as they may be empty fields."""
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, line.rstrip("\n")


def published_json(path: Path) -> Any:
    """The value in a JSON file in any encoding. Raises `UserError` where it is none."""
    try:
        with open_text(path) as stream:
            return json.load(stream)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({' '.join(str(error).split())}); fetch it again") from None


def number(text: str) -> float | None:
    """A finite number, else None: published files write ".", "nan" or nothing for a missing one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written_list(cell: str) -> list[str | float | None]:
    """`['Peace', 'Esteem']`, `['Peace' 'Esteem']`, `[5.0, nan, 7]`, `[5. 6. 7.]`, `[np.float64(5.0), ..]`.

    Texts are those in quotes; any other entry is a number, None where it is not finite. An empty cell, NaN
    or [nan] is an empty list. Raises `UnusableError`: malformed_row.
    """
    text = cell.strip()
    if text.lower() in _ABSENT:
        return []
    refused = UnusableError("malformed_row", f"no list: {text[:80]!r}")
    if len(text) > MAX_CELL:
        raise refused
    array = _ARRAY.fullmatch(text)
    if array:
        text = _DTYPE.sub("", array[1]).strip()
    text = _TYPED.sub(r"\1", text)
    if len(text) < 2 or (text[0], text[-1]) not in (("[", "]"), ("(", ")")):
        raise refused
    body, place = text[1:-1].rstrip(), 0
    entries: list[str | float | None] = []
    while place < len(body):
        entry = _ENTRY.match(body, place)
        if entry is None:
            raise refused
        entries.append(_entry(entry[1], refused))
        place = entry.end()
    return entries


def _entry(text: str, refused: UnusableError) -> str | float | None:
    try:
        if text[0] in "'\"":
            return str(ast.literal_eval(text))
        if text.lower() == "none":
            return None
        float(text)
    except (ValueError, SyntaxError):
        raise refused from None
    return number(text)
