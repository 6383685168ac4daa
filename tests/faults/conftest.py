"""Makes the modules beside it and those of `tests/dag` importable; the project that all these tests share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "dag")]

from processes import Starter, starter  # noqa: E402
from small_reference import Reference, make_reference  # noqa: E402


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with starter(tmp_path_factory.mktemp("told")) as ready:
        yield ready


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Reference:
    return make_reference(tmp_path_factory.mktemp("faults") / "project", start)
