"""Makes `browser` importable from the tests beside it; one small set of pairs for all of them."""

import sys
from pathlib import Path

import pytest
from small_run import write_pairs_and_partition

from pacl_core.explorer.pairs import open_pairs

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    write_pairs_and_partition(folder)
    return folder


@pytest.fixture(scope="session")
def pairs(root):
    return open_pairs(root)
