"""The project that all these tests share, and the server that starts its stages."""

from collections.abc import Iterator

import pytest

from tests.faults.processes import Starter, starter
from tests.faults.small_reference import Reference, make_reference


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with starter(tmp_path_factory.mktemp("told")) as ready:
        yield ready


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Reference:
    return make_reference(tmp_path_factory.mktemp("faults") / "project", start)
