"""Lists of adjective-noun pairs, in the formats in which they are published."""

import csv
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pacl_core.errors import UserError, unknown
from pacl_core.media.text_decoding import decode_text

# "<tab>beautiful_flower [sentiment: 1.77] [#imgs: 2,380,000]" below "1. beautiful [sentiment: ...]"
_VSO_PAIR = re.compile(r"^\s+(\S+)\s+\[sentiment:")
# at least two words, and not of digits alone
_PAIR = re.compile(r"^(?=.*[^\W\d_])\S+(?: \S+)+$")


def read_ontology(path: Path, format: str) -> list[str]:
    """The phrases of a list, as words: lower case, blanks for underscores, each once, in the file's order.

    Formats: `plain` (one phrase a line, `#` comments), `vso` (3244ANPs.txt), `sentibank`
    (1200ANPsv1.1.txt), `mvso` (one name a line, or CSV/TSV with the name first; a language prefix as in
    `english/happy_dog` is dropped), `deepsentibank` (2,089 names, one a line or as a JSON list). Lines that
    hold no pair - headings, the dummy rows 0, 1, 2 of one published VSO copy - are left out.
    Raises `UserError` for an unknown format, a missing file, or one without a pair.
    """
    if format not in _READERS:
        raise unknown("ontology format", format, _READERS)
    try:
        text = decode_text(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: no such ontology; name an existing list in anps.path") from None
    if "\0" in text:
        raise UserError(f"{path}: no text, or UTF-16 without a byte-order mark; save it as UTF-8")
    phrases = (phrase(name) for name in _READERS[format](text))
    pairs = list(dict.fromkeys(words for words in phrases if _PAIR.match(words)))
    if not pairs:
        raise UserError(f"{path}: no adjective-noun pair in the format '{format}'; check anps.format")
    return pairs


def phrase(name: str) -> str:
    """A pair as words: `Happy_Dog` -> `happy dog`."""
    return " ".join(name.replace("_", " ").lower().split())


def _lines(text: str) -> Iterable[str]:
    return (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _vso(text: str) -> Iterable[str]:
    matches = (_VSO_PAIR.match(line) for line in text.splitlines())
    return (match[1] for match in matches if match)


def _mvso(text: str) -> Iterable[str]:
    delimiter = "\t" if "\t" in text else ","
    rows = csv.reader(text.splitlines(), delimiter=delimiter)
    return (row[0].rpartition("/")[2] for row in rows if row)


def _deepsentibank(text: str) -> Iterable[str]:
    if not text.lstrip().startswith("["):
        return _lines(text)
    try:
        names = json.loads(text)
    except ValueError as error:
        raise UserError(f"deepsentibank list: not valid JSON ({error})") from None
    return [name for name in names if isinstance(name, str)]


_READERS: dict[str, Callable[[str], Iterable[str]]] = {
    "plain": _lines,
    "vso": _vso,
    "sentibank": _lines,
    "mvso": _mvso,
    "deepsentibank": _deepsentibank,
}
