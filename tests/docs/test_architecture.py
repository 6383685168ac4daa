"""docs/architecture.md shows the imports as they are: scripts/reference/architecture.py and rooms.py."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

from scripts.reference import architecture
from scripts.reference.architecture import ROOMS as TIERS
from scripts.reference.files import quoted
from scripts.reference.rooms import room_of
from tests.docs.pages import ROOT

ROOMS = [room for tier in TIERS for room in tier]
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def graph() -> nx.DiGraph:
    return architecture.imports(ROOT)


def small(root: Path, files: dict[str, str]) -> Path:
    """A `pacl_core` of these files, each below the folder of the package."""
    for name, text in files.items():
        path = root / "pacl_core" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_room_of_a_module() -> None:
    assert room_of("pacl_core.methods.pacl.params") == "methods"
    assert room_of("pacl_core.errors") == "errors"
    assert room_of("stages.train") == "stages"


def test_every_folder_of_the_library_is_in_one_tier() -> None:
    there = {path.stem for path in (ROOT / "pacl_core").iterdir() if path.suffix in ("", ".py")}
    assert sorted(ROOMS) == sorted(there - {"__init__", "__pycache__"})


def test_imports_of_every_kind_are_found(tmp_path: Path) -> None:
    found = architecture.imports(
        small(
            tmp_path,
            {
                "__init__.py": "import pacl_core.cli",
                "errors.py": "",
                "files/__init__.py": "from pacl_core.errors import UserError",
                "models/one.py": "from pacl_core import files, errors\nfrom pacl_core.models.two import x",
                "corpus/one.py": "def late():\n    import pacl_core.media.images\n",
            },
        )
    )
    assert set(found.edges) == {
        ("files", "errors"),
        ("models", "files"),
        ("models", "errors"),
        ("corpus", "media"),
    }


def test_a_room_in_no_tier_and_rooms_that_import_each_other_are_said(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"pacl_core/attic: in no tier"):
        architecture.imports(small(tmp_path / "attic", {"attic/one.py": ""}))
    mutual = {"files/a.py": "import pacl_core.runtime.b", "runtime/b.py": "import pacl_core.files.a"}
    with pytest.raises(KeyError, match=r"files -> runtime -> files|runtime -> files -> runtime"):
        architecture.imports(small(tmp_path / "mutual", mutual))


def test_the_drawing_has_every_room_and_an_arrow_for_every_import(graph: nx.DiGraph) -> None:
    image = ET.parse(ROOT / "docs/images/architecture.svg").getroot()
    boxes = {text.text for text in image.iter(f"{_SVG}text")}
    assert set(ROOMS) <= boxes
    paths = [path for path in image.iter(f"{_SVG}path") if path.get("d") != "M0 0 8 4 0 8z"]
    assert len(paths) == len(graph.edges)
    thick = [path for path in paths if path.get("marker-end")]
    assert len(thick) == len(nx.transitive_reduction(graph).edges)


def test_boxes_do_not_overlap_and_lie_inside(graph: nx.DiGraph) -> None:
    image = ET.fromstring(architecture.draw(graph))
    _, _, width, height = map(float, str(image.get("viewBox")).split())
    boxes = [
        [float(box.get(key, 0)) for key in ("x", "y", "width", "height")] for box in image.iter(f"{_SVG}rect")
    ]
    for number, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 and x + w <= width and y >= 0 and y + h <= height
        for other_x, other_y, other_w, other_h in boxes[:number]:
            apart = x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
            assert apart


def test_the_drawing_is_low_level_at_the_bottom(graph: nx.DiGraph) -> None:
    image = ET.fromstring(architecture.draw(graph))
    heights = {str(text.text): float(text.get("y", 0)) for text in image.iter(f"{_SVG}text")}
    for below, above in pairwise(TIERS):
        assert min(heights[room] for room in below) > max(heights[room] for room in above)


def test_the_table_of_rooms_says_what_each_imports(graph: nx.DiGraph) -> None:
    text = (
        (ROOT / "docs/architecture.md")
        .read_text()
        .split("<!-- imports: rooms -->")[1]
        .split("<!-- end -->")[0]
    )
    rows = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("| `")]
    told = {
        re.sub(r"[`/]|\.py", "", name): set(re.findall(r"`(\w+)`", imported)) for name, _, imported in rows
    }
    assert told == {room: set(graph.successors(room)) for room in ROOMS}


def test_a_folder_without_docstring_is_said(tmp_path: Path) -> None:
    root = small(tmp_path, {"media/video/__init__.py": "", "files/__init__.py": ""})
    with pytest.raises(KeyError, match=r"media/video/__init__\.py: no docstring"):
        architecture.folders_table(root)


def test_every_folder_has_its_row() -> None:
    found = {
        str(path.parent.relative_to(ROOT / "pacl_core")) for path in ROOT.glob("pacl_core/*/*/**/__init__.py")
    }
    text = (ROOT / "docs/architecture.md").read_text()
    assert [folder for folder in sorted(found) if f"| `{folder}/` |" not in text] == []


def test_source_is_quoted_whole_or_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n\n\n@first\nclass A:\n    x = 1\n\n\ndef b() -> None: ...\n")
    assert quoted(tmp_path, "a.py", ["A"]) == '```python title="a.py"\n@first\nclass A:\n    x = 1\n```\n'
    assert quoted(tmp_path, "a.py", ["A", "b"]).count("\n\n") == 1
    assert "import os" in quoted(tmp_path, "a.py", [])
    with pytest.raises(KeyError, match="'c'"):
        quoted(tmp_path, "a.py", ["c"])


def test_contributing_and_extending_lead_here() -> None:
    assert "(docs/architecture.md)" in (ROOT / "CONTRIBUTING.md").read_text()
    assert "(architecture.md" in (ROOT / "docs/extending.md").read_text()
