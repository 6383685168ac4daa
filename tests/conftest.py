"""Makes the modules beside it importable from every test: importlib mode leaves this folder off the path."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def same_folder() -> Iterator[None]:
    """A test that leaves another working folder behind fails itself, not those after it."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before
