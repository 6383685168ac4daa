"""One small set of pairs for all tests here."""

import pytest

from pacl_core.explorer.pairs import open_pairs
from tests.small_run import write_pairs_and_partition


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    write_pairs_and_partition(folder)
    return folder


@pytest.fixture(scope="session")
def pairs(root):
    return open_pairs(root)
