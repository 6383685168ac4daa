"""Lists that a program wrote into a cell: Python's, those of NumPy 1 and 2, as pandas puts them into CSV."""

import ast
import re

from pacl_core.datasets.published_text import number
from pacl_core.media.rejects import UnusableError

MAX_CELL = 4096
_ARRAY = re.compile(r"(?:\w+\.)?array\((.*)\)", re.DOTALL)
_DTYPE = re.compile(r",\s*dtype=[^\[\]]*$")
# NumPy 2 writes the type of each number: np.float64(5.0), np.str_('Peace')
_TYPED = re.compile(r"(?:np|numpy)\.\w+\(([^()]*)\)")
_ENTRY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,'"\[\]()]+)\s*(,?)""", re.DOTALL)
_ABSENT = ("", "nan", "none", "[nan]")


def written_list(cell: str) -> list[str | float | None]:
    """`['Peace', 'Esteem']`, `['Peace' 'Esteem']`, `[5.0, nan, 7]`, `[5. 6. 7.]`, `[np.float64(5.0), ..]`.

    Texts are those in quotes; any other entry is a number, None where it is not finite. A cell of nothing or
    NaN is an empty list. Raises `UnusableError`: malformed_row.
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
