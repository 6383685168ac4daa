"""The params.yaml that commands edit: refused where it is not there or would become invalid."""

import shutil
from pathlib import Path

import pytest

from pacl_core.cli.params_file import PARAMS, existing, params_text, write_params, written_path
from pacl_core.errors import UserError
from tests.paths import ROOT


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_text_without_a_byte_order_mark(project) -> None:
    plain = PARAMS.read_text()
    PARAMS.write_text(plain, encoding="utf-8-sig")
    assert params_text() == plain
    write_params(params_text())
    assert PARAMS.read_bytes() == plain.encode()


def test_what_is_not_valid_is_not_written(project) -> None:
    before = PARAMS.read_bytes()
    with pytest.raises(UserError, match="epochs"):
        write_params(before.decode().replace("epochs: 3", "epochs: none", 1))
    assert PARAMS.read_bytes() == before and list(project.iterdir()) == [project / "params.yaml"]


def test_no_project(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="pacl init"):
        params_text()


def test_paths(project, monkeypatch) -> None:
    (project / "data").mkdir()
    (project / "posts").symlink_to(project / "data")
    outside = project.parent / "elsewhere"
    outside.mkdir()
    monkeypatch.setenv("HOME", str(project))
    assert existing(Path("~/data")) == project / "data"
    with pytest.raises(UserError, match="nothing there"):
        existing(Path("~/nix"))
    assert written_path(project / "data") == "data"
    assert written_path(Path("posts")) == "data"
    assert written_path(outside / ".." / "elsewhere") == str(outside)
