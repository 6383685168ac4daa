"""docs/clips.md says what the source does: readers, columns, reasons of rejects and of the filter."""

import re

from pacl_core.corpus.clips import readers
from pacl_core.corpus.clips.clip_table import CLIPS_SCHEMA
from pacl_core.corpus.pair_parts import PAIRS_SCHEMA
from pacl_core.media.boxes import BOXES_TYPE
from pacl_core.methods.emotionclip.selection import REASONS
from tests.corpus.test_docs import is_of_clips, reasons_in
from tests.paths import ROOT

DOCS = (ROOT / "docs/clips.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """The cells of the table of a section."""
    section = re.split(r"^#+ ", DOCS.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return [
        [cell.strip() for cell in row.split("|")] for row in section.splitlines() if row.startswith("| `")
    ]


def names(title: str) -> list[str]:
    return [row[1].strip("`") for row in rows(title)]


def test_every_reader_is_told_of() -> None:
    (folder,) = readers.__path__
    modules = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    assert set(names("Readers")) == modules


def test_every_column_is_told_of() -> None:
    fields = list(CLIPS_SCHEMA)[len(PAIRS_SCHEMA) :]
    told = {row[1].strip("`"): row[2] for row in rows("What is stored")}
    shown = {field.name: "boxes" if field.type == BOXES_TYPE else str(field.type) for field in fields}
    assert told == {field.name: shown[field.name] + "?" * field.nullable for field in fields}


def test_every_reason_is_told_of() -> None:
    files = [file for room in ("corpus", "media") for file in (ROOT / "pacl_core" / room).rglob("*.py")]
    assert names("Reasons") == sorted(reasons_in([file for file in files if is_of_clips(file)]))


def test_every_reason_of_the_filter_is_told_of() -> None:
    assert tuple(names("Which clips are trained on")) == REASONS
