"""Whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pacl_core.files.publish import publish_folder, published_file, published_folder
from tests.paths import ROOT


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


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.draft").write_text("half")
    for left in (".out.draft", ".out.replaced.draft"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "half").write_text("half")
    with published_file(tmp_path / "a.txt") as draft:
        assert not draft.exists()
        draft.write_text("new")
    with published_folder(tmp_path / "out") as folder:
        assert not list(folder.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "out"]


@pytest.mark.parametrize("old", [False, True])
def test_killed_at_every_step_of_publishing_a_folder_is_old_new_or_absent(tmp_path: Path, old: bool) -> None:
    """A child is killed before its first, second, ... system call of publishing."""
    script = """
import os, signal, sys, shutil
from pathlib import Path
from pacl_core.files import publish
left = int(sys.argv[1])
def counted(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call
os.fsync, os.rename, os.unlink, os.rmdir = (counted(f) for f in (os.fsync, os.rename, os.unlink, os.rmdir))
Path.replace = counted(Path.replace)
with publish.published_folder(Path("out")) as draft:
    for name in "abc":
        (draft / name).write_text("new")
"""
    states = set()
    for step in range(60):
        folder = tmp_path / str(step)
        folder.mkdir()
        if old:
            (folder / "out").mkdir()
            for name in "abc":
                (folder / "out" / name).write_text("old")
        command = (sys.executable, "-c", script, str(step))
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, env=environ, check=False)
        found = {path.name: path.read_text() for path in sorted((folder / "out").glob("*"))}
        states.add("".join(found.values()))
        assert len(set(found.values())) <= 1 and len(found) in (0, 3), (step, found)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert done.returncode == 0
    assert states == ({"oldoldold", "newnewnew", ""} if old else {"", "newnewnew"})


def test_a_full_disk_is_told_with_the_name_of_the_artefact(tmp_path: Path) -> None:
    for publishing in (published_file, published_folder):
        with pytest.raises(OSError, match="No space left on device") as caught, publishing(tmp_path / "out"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        assert caught.value.filename == str(tmp_path / "out")


def test_a_folder_made_elsewhere_moves_in_whole(tmp_path: Path) -> None:
    made, target = tmp_path / "work/made", tmp_path / "deep/out"
    (made / "inner").mkdir(parents=True)
    (made / "inner/file").write_text("new")
    publish_folder(made, target)
    assert (target / "inner/file").read_text() == "new" and not made.exists()
