"""Fenced blocks of the README and of docs/, as written."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.paths import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "presets/sweeps/README.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
]
_FENCE = re.compile(r"^([ ]*)```(\w*)([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')
SHELLS = ("sh", "bash", "console", "shell", "")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page from the root, the line it starts at, language, title and text."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """Every fenced block of every page, in reading order."""
    return [block for page in PAGES for block in _blocks(page)]


def _blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        indent, language, rest, body = fence.groups()
        title = _TITLE.search(rest)
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        number = text.count("\n", 0, fence.start()) + 1
        name = str(page.relative_to(ROOT))
        found.append(Block(name, number, language, title and title[1], "\n".join(lines) + "\n"))
    return found


def commands() -> list[tuple[Block, str]]:
    """Every command of every shell block: a line each, continuation lines joined, comments dropped."""
    return [
        (block, command)
        for block in blocks()
        if block.language in SHELLS
        for line in block.text.replace("\\\n", " ").splitlines()
        if (command := _command(line, block.language))
    ]


def _command(line: str, language: str) -> str:
    if language == "console" and not line.startswith("$ "):
        return ""  # what the command printed
    return " ".join(re.sub(r"(^|\s)#.*$", "", line.removeprefix("$ ")).split())


def inline_commands() -> list[tuple[str, str]]:
    """Commands in running text and tables, between backticks: page and words."""
    pattern = re.compile(r"`((?:make|dvc|hf|pacl) [^`]+)`")
    return [
        (str(page.relative_to(ROOT)), " ".join(found[1].split()))
        for page in PAGES
        for found in pattern.finditer(_FENCE.sub("", page.read_text(encoding="utf-8")))
    ]
