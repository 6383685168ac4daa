"""One small set of pairs for all tests here."""

from pathlib import Path

import pytest

from pacl_core.explorer.pairs import Tables, open_pairs
from tests.small_run import write_pairs_and_partition


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    write_pairs_and_partition(folder)
    return folder


def tables_of(folder: Path) -> Tables:
    data = folder / "data"
    return Tables(data / "partition.parquet", data / "pairs", data / "pseudo_labels.parquet")


@pytest.fixture(scope="session")
def pairs(root):
    return open_pairs(tables_of(root))
