"""Tables of columns in docs/stages.md."""

import re

from tests.docs.pages import ROOT

_TABLE = re.compile(r"Columns of `([^`]+)`:\n\n\|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)")


def described() -> dict[str, dict[str, str]]:
    """Column names and types by the artefact's path, as the page says."""
    text = (ROOT / "docs/stages.md").read_text(encoding="utf-8") + "\n"
    return {path: _columns(rows) for path, rows in _TABLE.findall(text)}


def _columns(rows: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows.splitlines():
        names, kind, _ = (cell.strip() for cell in row.strip("|").split("|", 2))
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", names), kind)
    return found
