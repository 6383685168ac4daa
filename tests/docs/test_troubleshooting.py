"""Each error that docs/troubleshooting.md quotes is one that the source can print."""

import ast
import re
from functools import cache
from pathlib import Path

import dvc
import pytest
import scmrepo

from tests.docs.pages import ROOT, blocks

QUOTED = [
    line
    for block in blocks()
    if block.page == "docs/troubleshooting.md" and block.language == "text"
    for line in block.text.splitlines()
]
_SAID = re.compile(r"^(?:\w+: error: |ERROR: )")
_LITERAL = 12  # characters that a message must share with the source


@cache
def patterns() -> list[re.Pattern[str]]:
    """Every string of the project, and of DVC's and scmrepo's errors, its inserted values left open."""
    files = [*(ROOT / "pacl_core").rglob("*.py"), *(ROOT / "stages").glob("*.py")]
    files += [
        Path(dvc.__file__).parent / name for name in ("lock.py", "repo/reproduce.py", "stage/exceptions.py")
    ]
    files.append(Path(scmrepo.__file__).parent / "git/backend/pygit2/__init__.py")
    found: list[re.Pattern[str]] = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts = _parts(node)
            if sum(len(part) for part in parts if part) >= _LITERAL:
                text = "".join(".*" if part is None else re.escape(part) for part in parts)
                found.append(re.compile(text, re.DOTALL))
    return found


def _parts(node: ast.AST) -> list[str | None]:
    """A string's literal pieces, None for each inserted value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [str(one.value) if isinstance(one, ast.Constant) else None for one in node.values]
    return []


def test_errors_are_quoted() -> None:
    assert len(QUOTED) >= 12


@pytest.mark.parametrize("line", QUOTED)
def test_the_source_says_it(line: str) -> None:
    assert _SAID.match(line), "quote the line as printed, with its stage"
    message = _SAID.sub("", line)
    assert any(pattern.search(message) for pattern in patterns()), (
        f"no string of the source reads like: {message}"
    )
