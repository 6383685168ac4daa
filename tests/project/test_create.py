"""Files of a project are written whole or not at all; what is the user's stays."""

from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.project.create import create, update


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(UserError, match=r"a\.txt: already there$"):
        create(tmp_path, {Path("b.txt"): b"b", Path("a.txt"): b"a"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]


def test_only_a_project_is_updated(tmp_path: Path) -> None:
    files = {Path("dvc.yaml"): b"new", Path("stages/a.py"): b"new", Path("params.yaml"): b"new"}
    with pytest.raises(UserError, match="no project to update"):
        update(tmp_path, files)
    (tmp_path / "stages").mkdir()
    for name in ("dvc.yaml", "params.yaml", "stages/b.py"):
        (tmp_path / name).write_text("old")
    assert update(tmp_path, files) == ["dvc.yaml", "stages/a.py", "stages/b.py (removed)"]
    assert (tmp_path / "params.yaml").read_text() == "old"
    assert update(tmp_path, files) == []
