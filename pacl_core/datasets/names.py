"""What a published value means if a tool changed its form: 1 became 1.0, true True, null NaN."""

import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_WHOLE = re.compile(r"([+-]?\d+)\.0*", re.ASCII)
_TRUTH = {"true": "1", "false": "0"}
_EXACT = 1 << 53  # above it several whole numbers become the same float


def find_name(value: str | float | Decimal, known: Iterable[str]) -> str | None:
    """The name in `known` that is the value as written, else the only one with the same meaning, else None.

    Same meaning: 1 and 1.0; true and True; composed (NFC) and decomposed letters; failing these, true and 1.
    """
    names = list(known)
    text = str(value)
    if text in names:
        return text
    for form in (_plain, _as_number):
        alike = [name for name in names if form(name) == form(text)]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def is_absent(value: object) -> bool:
    """Whether a cell is empty: null, or NaN, which tables of numbers hold instead."""
    return value is None or (isinstance(value, float | Decimal) and math.isnan(value))


def whole(value: Any) -> Any:
    """12 for 12.0, to which whole numbers turn in a column with absent values; None for an absent value."""
    if is_absent(value):
        return None
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return int(value) if -_EXACT < value < _EXACT else value
    return value


def without_point(text: str) -> str:
    """12 for the text 12.0."""
    number = _WHOLE.fullmatch(text)
    return number[1] if number else text


def _plain(name: str) -> str:
    name = without_point(unicodedata.normalize("NFC", name.strip()))
    return name.lower() if name.lower() in _TRUTH else name


def _as_number(name: str) -> str:
    return _TRUTH.get(_plain(name), _plain(name))
