"""Projects that take long to build: built once per run of the tests, whatever the number of its workers."""

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Told = TypeVar("Told")


def built_once(
    factory: pytest.TempPathFactory, name: str, build: Callable[[Path], Told]
) -> tuple[Path, Told]:
    """A copy of the folder that `build` fills, which may be changed, and what `build` said of it.

    The first worker that asks builds, another one waits for it. What is said is pickled.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    root, told = shared / name, shared / f"{name}.told"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            shutil.rmtree(root, ignore_errors=True)  # of a build that failed
            root.mkdir()
            told.write_bytes(pickle.dumps(build(root)))
    copy = factory.mktemp("copy") / name
    shutil.copytree(root, copy, symlinks=True)
    return copy, pickle.loads(told.read_bytes())
