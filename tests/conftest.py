"""What holds for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacl_core.runtime.instructions import use_avx2

use_avx2()  # as stages do, so that what a test computes itself has the same bits


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is kept for the user of this machine stays as it is."""
    os.environ["PACL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def same_folder() -> Iterator[None]:
    """A test that leaves another working folder behind fails itself, not those after it."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before
