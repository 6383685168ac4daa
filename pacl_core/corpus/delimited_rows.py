"""Rows of CSV and TSV files as people write them, lone quotes and other separators included."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pacl_core.errors import UserError
from pacl_core.media.text_decoding import open_text

MAX_FIELD = 1 << 20
_LONGEST_LINE = 16 << 20
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile('"?sep=([,;|\t])"?', re.IGNORECASE)  # a first line that Excel writes and reads
# a field with quotes around it, or one without any
_FIELDS = {one: re.compile(rf'"([^"]*(?:""[^"]*)*)"|([^"\r\n{re.escape(one)}]*)') for one in _DELIMITERS}


@dataclass(frozen=True)
class Line:
    """A row: the number of its first line in the file, from 1, and its fields, or why it cannot be read."""

    number: int
    fields: list[str]
    refused: str | None = None


def read_delimited(path: Path, columns: list[str], delimiter: str) -> Iterator[Line]:
    """The rows of a file, the column names first; empty lines are left out.

    `delimiter` is the usual one for the file's suffix. Another is used if a first line like `sep=;` names it,
    or if only that one gives all of `columns`.

    A field in quotes follows the rules of CSV: it begins after a delimiter, ends before one and may span
    lines. Any other quote is an ordinary character, as in tables of tweets written without quoting, so a lone
    quote never joins rows. Lines that could be either rows or one quoted field are a field if the whole file
    is well-formed CSV; in a TSV the column names must be quoted too. Raises `UserError` where there is no
    line at all.
    """
    with open_text(path, newline="") as stream:
        lines = _Lines(stream)
        first = lines.next()
        if first is not None and (said := _SEPARATOR.fullmatch(_bare(first))):
            delimiter, first = said[1], lines.next()
        if first is None:
            raise UserError(f"{path}: empty; a manifest starts with its column names")
        number = lines.number
        fields, delimiter = _header(first, lines, columns, delimiter=delimiter)
        yield Line(number, fields)
        rows = _Rows(path, delimiter, len(fields), quoted=delimiter != "\t" or first.startswith('"'))
        while (line := lines.next()) is not None:
            yield rows.row(line, lines)


def _header(first: str, lines: "_Lines", columns: list[str], *, delimiter: str) -> tuple[list[str], str]:
    for one in dict.fromkeys((delimiter, *_DELIMITERS)):
        fields, more = _quoted(first, lines, one) or (_bare(first).split(one), [])
        if set(columns) <= set(fields):
            return fields, one
        lines.put_back(more)
    return (_quoted(first, lines, delimiter) or (_bare(first).split(delimiter),))[0], delimiter


class _Rows:
    """Reads rows of `width` fields. `quoted`: quotes may be trusted where the whole file is well-formed."""

    def __init__(self, path: Path, delimiter: str, width: int, *, quoted: bool) -> None:
        self._path, self._delimiter, self._width = path, delimiter, width
        self._trusted = None if quoted else False

    def row(self, line: str, lines: "_Lines") -> Line:
        """The row that begins with `line`, and that may go on in `lines`."""
        number = lines.number
        if len(line) >= _LONGEST_LINE:
            return Line(number, [], f"a line of more than {_LONGEST_LINE} characters")
        fields = _bare(line).split(self._delimiter)
        if '"' in line and (found := _quoted(line, lines, self._delimiter)) is not None:
            quoted, more = found
            if len(quoted) == self._width and (not self._are_rows([line, *more]) or self._trusts_quotes()):
                fields = quoted
            else:
                lines.put_back(more)
        if len(fields) != self._width:
            return Line(number, [], f"{len(fields)} fields for {self._width} columns")
        if max(map(len, fields)) > MAX_FIELD:
            return Line(number, [], f"field larger than field limit ({MAX_FIELD})")
        return Line(number, fields)

    def _are_rows(self, lines: list[str]) -> bool:
        """Whether several lines are each a row, if quotes are letters."""
        return len(lines) > 1 and all(
            len(_bare(line).split(self._delimiter)) == self._width for line in lines
        )

    def _trusts_quotes(self) -> bool:
        """Whether the whole file is well-formed CSV; read through once, when it is first asked."""
        if self._trusted is None:
            with open_text(self._path, newline="") as stream:
                lines = _Lines(stream)
                first = lines.next()
                if first is not None and _SEPARATOR.fullmatch(_bare(first)):
                    first = lines.next()
                self._trusted = True
                while first is not None and self._trusted:
                    found = _quoted(first, lines, self._delimiter)
                    self._trusted = found is not None and len(found[0]) == self._width
                    first = lines.next()
        return self._trusted


def _quoted(first: str, lines: "_Lines", delimiter: str) -> tuple[list[str], list[str]] | None:
    """The fields of a record of well-formed CSV and the further lines it took; None if it is not one."""
    more: list[str] = []
    quotes, size = first.count('"'), len(first)
    while quotes % 2:
        line = lines.next(keep_empty=True) if size <= 2 * MAX_FIELD else None
        if line is None:
            lines.put_back(more)
            return None
        more.append(line)
        quotes, size = quotes + line.count('"'), size + len(line)
    fields = _split(_bare("".join([first, *more])), delimiter)
    if fields is None:
        lines.put_back(more)
        return None
    return fields, more


def _split(record: str, delimiter: str) -> list[str] | None:
    fields, place = [], 0
    while found := _FIELDS[delimiter].match(record, place):
        quoted, plain = found.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        place = found.end() + 1
        if found.end() == len(record):
            return fields
        if record[found.end()] != delimiter:
            return None
    return None


def _bare(line: str) -> str:
    """Without the line's end."""
    return line.removesuffix("\n").removesuffix("\r")


class _Lines:
    """A file's lines with their ends. One that never ends is cut, and its rest dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._back: list[str] = []  # the next one last
        self.number = 0

    def next(self, keep_empty: bool = False) -> str | None:
        """The next line, or None at the end; without `keep_empty`, the next that is not empty."""
        while True:
            line = self._back.pop() if self._back else self._read()
            if not line:
                return None
            self.number += 1
            if keep_empty or _bare(line):
                return line

    def put_back(self, lines: list[str]) -> None:
        self._back.extend(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str:
        line = piece = self._stream.readline(_LONGEST_LINE)
        while len(piece) == _LONGEST_LINE and not piece.endswith(("\n", "\r")):
            piece = self._stream.readline(_LONGEST_LINE)
        return line
