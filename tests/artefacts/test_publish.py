"""Whole or not at all."""

from pathlib import Path

import pytest

from pacl_core.artefacts.publish import published_file, published_folder


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), published_file(target) as draft:
        draft.write_text("half of the n")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "stale").write_text("")
    with published_folder(target) as draft:
        (draft / "new").write_text("")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_old_folder_and_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(RuntimeError), published_folder(target) as draft:
        (draft / "new").write_text("")
        raise RuntimeError
    assert list(tmp_path.rglob("*")) == [target]
