"""CITATION.cff, CHANGELOG.md and the hooks agree with the project and fetch nothing."""

import re
import tomllib
from importlib.util import find_spec

import yaml

from tests.docs.pages import PAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_is_of_this_version_and_licence() -> None:
    """The fields that the format requires (Citation File Format 1.2.0), and ours."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert (cited["version"], cited["license"]) == (PROJECT["version"], PROJECT["license"])
    for work in cited["references"]:
        assert {"type", "title", "authors", "year"} <= set(work)


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_paths_that_the_changelog_moves_things_to_are_there() -> None:
    rows = re.findall(
        r"^  \| `pacl_core\.\S+.* \| (.*) \|$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    new = [name for row in rows for name in re.findall(r"`(pacl_core[\w.]*)`", row)]
    assert len(new) > 10
    for name in new:
        assert find_spec(name), name


def test_hooks_are_local() -> None:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    for hook in repos[0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


def test_the_extras_are_pinned() -> None:
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    for extra in ("docs", "hooks"):
        for wanted in PROJECT["optional-dependencies"][extra]:
            assert re.split(r"[>=<\[]", wanted)[0].lower() in pinned, wanted


def test_the_architecture_page_names_every_room() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    rooms = {folder.parent.name for folder in (ROOT / "pacl_core").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`{room}/`" not in text] == []


def test_code_that_pages_name_is_there() -> None:
    """Paths between backticks; what a title of a block names is a file that the reader makes."""
    pages = [*PAGES, *ROOT.glob("data/*/README.md"), ROOT / "scripts/README.md"]
    for page in pages:
        for name in re.findall(
            r"`((?:pacl_core|stages|tests|scripts|benchmarks)/[\w/.-]+)", page.read_text()
        ):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)}: {name}"
