"""What holds for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def same_folder() -> Iterator[None]:
    """A test that leaves another working folder behind fails itself, not those after it."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before
