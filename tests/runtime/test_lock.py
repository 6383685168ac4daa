"""One process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.runtime.lock import locked
from tests.paths import ROOT


def test_the_second_process_is_told_who_was_first(tmp_path: Path) -> None:
    path = tmp_path / "locks/pairs.lock"
    with (
        locked(path, "pairs"),
        pytest.raises(UserError, match=rf"another process runs pairs here \(pid {os.getpid()}\)"),
        locked(path, "pairs"),
    ):
        pass
    with locked(path, "pairs"):  # it goes with the block
        assert path.read_text() == str(os.getpid())


def test_a_lock_is_held_by_one_and_dropped_by_the_dead(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    script = "import sys, time; from pathlib import Path; from pacl_core.runtime.lock import locked\n"
    script += f"with locked(Path({str(path)!r}), 'x'): print('held', flush=True); time.sleep(60)"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen((sys.executable, "-c", script), env=environ, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(UserError, match=rf"another process runs x here \(pid {holder.pid}\)"),
            locked(path, "x"),
        ):
            pass
        holder.kill()
    with locked(path, "x"):
        assert path.read_text() == str(os.getpid())
