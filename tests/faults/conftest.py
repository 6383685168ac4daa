"""The project that all these tests share, and the server that starts its stages."""

import pytest

from tests.faults.processes import Starter, starter
from tests.faults.small_reference import Reference, make_reference


@pytest.fixture(scope="session")
def start() -> Starter:
    return starter()


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Reference:
    return make_reference(tmp_path_factory.mktemp("faults") / "project", start)
