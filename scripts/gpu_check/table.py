"""What was checked, what was found, what is allowed, whether it holds."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """A line of the table; a `tolerance` of "-" is a figure to look at, which holds when it is there."""

    check: str
    figure: str
    tolerance: str
    ok: bool


def at_most(check: str, value: float, tolerance: float, *, what: str = "") -> Row:
    """Holds where the value is a number not above the tolerance."""
    return Row(check, f"{value:.2g}{what}", f"<= {tolerance:g}", value <= tolerance)


def at_least(check: str, value: float, tolerance: float) -> Row:
    """Holds where the value is a number not below the tolerance."""
    return Row(check, f"{value:.6g}", f">= {tolerance:g}", value >= tolerance)


Check = Callable[[], Iterable[Row]]


def rows_of(name: str, check: Check, say: Callable[[str], object]) -> Iterator[Row]:
    """The rows of a check. One that raises is a row that says so, and the others still run."""
    started = time.monotonic()
    try:
        yield from check()
    except Exception as error:
        text = " ".join(str(error).split())
        yield Row(name, f"{type(error).__name__}: {text[:300]}", "runs", False)
    say(f"{name}: {time.monotonic() - started:.0f} s")


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown, columns aligned."""
    lines = [("check", "figure", "tolerance", "ok")]
    lines += [(row.check, row.figure, row.tolerance, "yes" if row.ok else "NO") for row in rows]
    cells = [[cell.replace("|", "/") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
