"""Several captions of one image: lists, and lists that were written as text."""

import ast
import json
import re

from pacl_core.corpus.manifest_rows import Row, as_text, cell

CAPTIONS = "captions"  # the extra that holds all of them, where there are several

_ITEM = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
# as Python, JSON and numpy (blanks alone) write it
_LIST = re.compile(rf"\s*\[\s*(?:(?:{_ITEM})(?:\s*,\s*|\s+|(?=\])))*\]\s*", re.DOTALL)
_ITEMS = re.compile(_ITEM, re.DOTALL)


def split_captions(row: Row, column: str) -> tuple[str, dict[str, str]]:
    """The first caption that is not empty, and where there are several the extra that holds them all.

    The cell is a text, a list of texts, or a text that is such a list, as img2dataset writes it. Absent is
    "". Raises `UnusableError` (malformed_row) for anything else.
    """
    listed = _listed(row[column])
    if listed is None:
        return cell(row, column), {}
    captions = [text for text in listed if text.strip()]
    if not captions:
        return "", {}
    return captions[0], {CAPTIONS: json.dumps(captions, ensure_ascii=False)} if captions[1:] else {}


def _listed(value: object) -> list[str] | None:
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, str) and value.lstrip()[:1] == "[" and _LIST.fullmatch(value):
        return [_unquoted(item) for item in _ITEMS.findall(value)]
    return None


def _unquoted(item: str) -> str:
    for read in (json.loads, ast.literal_eval):  # JSON first: Python takes its surrogates for two letters
        try:
            return str(read(item))
        except (ValueError, SyntaxError):
            continue
    return item[1:-1]
