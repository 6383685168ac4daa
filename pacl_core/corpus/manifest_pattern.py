"""Where a row's picture lies: a column of paths, or a pattern over columns such as "images/{Theme}.jpg"."""

from dataclasses import dataclass
from string import Formatter

from pacl_core.corpus.manifest_rows import Row
from pacl_core.corpus.posts import UnusableError
from pacl_core.errors import UserError


@dataclass(frozen=True)
class Pattern:
    """`text` as written; `parts`: literal text and the column after it, or None."""

    text: str
    parts: tuple[tuple[str, str | None], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it takes values from."""
        return tuple(column for _, column in self.parts if column is not None)


def read_pattern(image: str, key: str) -> Pattern:
    """One column, or a pattern with columns in braces. Raises `UserError` naming the parameter `key`."""
    if "{" not in image:
        return Pattern(image, (("", image),))
    try:
        parts = tuple((before, column) for before, column, _, _ in Formatter().parse(image))
    except ValueError as error:
        raise UserError(f"{key}: '{image}' is no pattern ({error})") from None
    return Pattern(image, parts)


def fill(pattern: Pattern, row: Row, strip: str = "") -> str:
    """A row's path; outer white space of its cells, and then the characters of `strip`, are dropped.

    Raises `UnusableError`: missing_image (nothing is left), malformed_row.
    """
    cells = [(before, "" if column is None else cell(row, column)) for before, column in pattern.parts]
    name = "".join(before + value.strip().strip(strip or None).strip() for before, value in cells)
    if not name:
        raise UnusableError("missing_image", f"column '{pattern.text}' is empty")
    return name


def cell(row: Row, column: str) -> str:
    """A cell as text; an absent one as "". Raises `UnusableError` for what is neither text nor number."""
    value = row[column]
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise UnusableError("malformed_row", f"column '{column}' holds a {type(value).__name__}, not text")
