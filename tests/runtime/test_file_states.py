"""Edits of files are found, and a file that was only written again is none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pacl_core.runtime.file_states import edited, states


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with files at two depths."""
    (tmp_path / "corpus/deep").mkdir(parents=True)
    (tmp_path / "corpus/a.txt").write_text("one")
    (tmp_path / "corpus/deep/b.txt").write_text("two")
    return tmp_path / "corpus"


def rewrite(path: Path, text: str) -> None:
    """Write a file with a time of its own, as any later moment has."""
    path.write_text(text)
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))


EDITS: dict[str, tuple[Callable[[Path], object], str]] = {
    "same size": (lambda root: rewrite(root / "a.txt", "eno"), "a.txt"),
    "deep": (lambda root: rewrite(root / "deep/b.txt", "three"), "deep/b.txt"),
    "added": (lambda root: (root / "deep/c.txt").write_text("new"), "deep/c.txt"),
    "added in a new folder": (lambda root: _added(root / "new/c.txt"), "new"),
    "removed": (lambda root: (root / "a.txt").unlink(), ""),
    "renamed": (lambda root: (root / "deep/b.txt").rename(root / "deep/c.txt"), "deep/b.txt"),
}


def _added(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("new")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named(corpus: Path, name: str) -> None:
    edit, found = EDITS[name]
    before = states([corpus])
    assert edited(before, [corpus]) is None
    edit(corpus)
    assert edited(before, [corpus]) == corpus / found


def test_a_file_alone(corpus: Path) -> None:
    file = corpus / "a.txt"
    before = states([file, corpus / "absent.txt"])
    (corpus / "deep/b.txt").write_text("another")  # not asked for
    assert edited(before, [file, corpus / "absent.txt"]) is None
    rewrite(file, "eno")
    assert edited(before, [file]) == file
    file.unlink()
    assert edited(before, [file]) == file
    (corpus / "absent.txt").write_text("here")
    assert edited(states([]), [corpus / "absent.txt"]) == corpus / "absent.txt"


def test_what_is_written_again_or_edited_and_put_back_is_as_it_was(corpus: Path) -> None:
    before = states([corpus, corpus / "a.txt"])
    rewrite(corpus / "a.txt", "eno")
    rewrite(corpus / "a.txt", "one")
    (corpus / "deep/b.txt").touch()
    assert edited(before, [corpus, corpus / "a.txt"]) is None


def test_of_what_is_too_large_to_be_read_size_and_time_decide(corpus: Path) -> None:
    before = states([corpus], budget=5)
    assert [state.content is None for _, state in sorted(before.items())] == [False, True]
    assert edited(before, [corpus]) is None
    rewrite(corpus / "a.txt", "one")
    assert edited(before, [corpus]) is None
    rewrite(corpus / "deep/b.txt", "two")
    assert edited(before, [corpus]) == corpus / "deep"


def test_hidden_and_compiled_files_do_not_count(corpus: Path) -> None:
    before = states([corpus])
    for name in (".a.txt.swp", "a.pyc", "__pycache__/a.txt", ".git/b.txt"):
        (corpus / name).parent.mkdir(exist_ok=True)
        (corpus / name).write_text("new")
    assert edited(before, [corpus]) is None


def test_a_link_counts_by_what_it_leads_to(corpus: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("one")
    (corpus / "link.txt").symlink_to(target)
    (corpus / "folder").symlink_to(corpus / "deep")
    (corpus / "nothing").symlink_to("/nowhere")
    before = states([corpus])
    rewrite(target, "eno")
    assert edited(before, [corpus]) == corpus / "link.txt"


def test_what_cannot_be_read_stops_nothing(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe")
    before = states([corpus])
    assert edited(before, [corpus]) is None
