"""docs/corpora.md says what the source does: reasons, readers, columns, cleaning, the example reader."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

from pacl_core.corpus import readers
from pacl_core.corpus.pair_parts import PAIRS_SCHEMA
from pacl_core.corpus.readers import Post, webdataset
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams, TextCleaningParams
from tests.paths import ROOT

DOCS = (ROOT / "docs/corpora.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^#+ ", DOCS.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_column(title: str) -> list[str]:
    """What the first cells of a section's table name in code spans."""
    rows = [row.split("|")[1] for row in section(title).splitlines() if row.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def is_of_clips(file: Path) -> bool:
    """Whether docs/clips.md tells of a file's reasons."""
    return "clips" in file.parts or file.name == "video.py"


def reasons_in_source() -> set[str]:
    """Codes that a rejection may carry, wherever the corpus makes one of a post."""
    found = {*webdataset._FAILED.values(), webdataset._OTHER_FAILURE}
    files = [file for room in ("corpus", "media") for file in (ROOT / "pacl_core" / room).rglob("*.py")]
    return found | reasons_in([file for file in files if not is_of_clips(file)])


def reasons_in(files: list[Path]) -> set[str]:
    """Codes that these files give."""
    places = {"UnusableError": (0,), "Rejected": (1,), "read_regular": (2, 3), "ListedFiles": (1,)}
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for place in places.get(node.func.id, ()):
                    for part in ast.walk(node.args[place]) if place < len(node.args) else ():
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            found.add(part.value)
    return found


def test_every_reason_is_told_of() -> None:
    listed = first_column("Reasons")
    assert listed == sorted(listed)
    assert set(listed) == reasons_in_source()


def test_every_reader_is_told_of() -> None:
    modules = {path.stem for path in Path(readers.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(first_column("Readers")) == modules


def test_every_column_is_told_of() -> None:
    assert first_column("What is stored") == PAIRS_SCHEMA.names
    table = section("What is stored")
    for field in PAIRS_SCHEMA:
        row = next(
            line for line in table.splitlines() if line.startswith("| `") and f"`{field.name}`" in line
        )
        assert row.split("|")[2].strip() == f"{field.type}{'?' if field.nullable else ''}"


def test_every_step_of_cleaning_and_its_choices_are_told_of() -> None:
    rows = [row.split("|") for row in section("Texts").splitlines() if row.startswith("| `")]
    told = {row[1].strip(" `"): tuple(row[2].strip().split(", ")) for row in rows}
    fields = TextCleaningParams.model_fields.items()
    assert told == {name: field.annotation.__args__ for name, field in fields}  # type: ignore[union-attr]


def test_the_example_reader_works_as_one_file_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers/crawl.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path / "readers")])
    (tmp_path / "media").mkdir()
    (tmp_path / "media/1.png").write_bytes(b"png")
    for name, media in (("a", "1.png"), ("b", "2.png")):
        post = {"media": media, "text": "hi", "lang": "en"}
        (tmp_path / f"{name}.json").write_text(json.dumps(post))
    found = list(readers.read_posts(PairsParams(reader="crawl", path=str(tmp_path))))
    sys.modules.pop(f"{readers.__name__}.crawl")
    assert found[0] == Post("a", b"png", "hi", {"lang": "en"})
    assert isinstance(found[1], Rejected) and found[1].reason == "missing_image"
