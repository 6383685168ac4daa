"""Hashes of the installed code: what is new in the package changes the files of its rooms, and no other."""

from pathlib import Path

import pytest

from pacl_core.project.installed_code import hashes, refresh, rooms, stale, with_hashes
from tests.paths import ROOT

CODE = Path("data/code")
PIPELINE = (ROOT / "dvc.yaml").read_text()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in {
        "one/a.py": "a",
        "one/deep/b.txt": "b",
        "two.py": "c",
        "one/__pycache__/a.pyc": "x",
    }.items():
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(text)
    return tmp_path / "package"


def test_every_entry_of_code_becomes_a_file_of_hashes() -> None:
    text = with_hashes(PIPELINE, CODE, "  ready:\n    cmd: true\n")
    assert "- pacl_core/" not in text
    assert "stages:\n  ready:\n    cmd: true\n  pairs:\n" in text
    assert {f"{CODE}/{room}.sha256" for room in rooms(PIPELINE)} == {
        line.strip("- ") for line in text.splitlines() if f"- {CODE}/" in line
    }
    back = text.replace("  ready:\n    cmd: true\n", "")
    for room in rooms(PIPELINE):
        back = back.replace(f"- {CODE}/{room}.sha256\n", f"- pacl_core/{room}\n")
    assert back == PIPELINE


def test_rooms_are_there() -> None:
    assert {"corpus", "methods/pacl/partitions.py"} <= set(rooms(PIPELINE))
    assert [room for room in rooms(PIPELINE) if not hashes(room)] == []


def test_hashes_are_those_of_sha256sum(package: Path) -> None:
    # printf a | sha256sum
    assert hashes("one", package).splitlines() == [
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  one/a.py",
        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  one/deep/b.txt",
    ]


def test_only_what_is_new_is_written(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    wanted = ["one", "one/deep", "two.py"]
    assert refresh(folder, wanted, package) == wanted
    assert refresh(folder, wanted, package) == []
    deps = [folder / f"{room}.sha256" for room in wanted]
    assert stale(folder, deps, package) is None

    (package / "two.py").write_text("d")
    assert stale(folder, deps, package) == deps[2]
    assert stale(folder, [*deps[:2], tmp_path / "other"], package) is None
    times = {file: file.stat().st_mtime_ns for file in deps}
    assert refresh(folder, wanted, package) == ["two.py"]
    assert [file for file in deps if file.stat().st_mtime_ns != times[file]] == [deps[2]]

    assert refresh(folder, ["one"], package) == []
    assert not deps[2].exists(), "of a room that no stage lists any more"
