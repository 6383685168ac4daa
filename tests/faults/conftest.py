"""The project that all these tests share, and the server that starts its stages."""

from dataclasses import replace

import pytest

from tests.built_once import built_once
from tests.faults.processes import Starter, starter
from tests.faults.small_reference import Reference, make_reference


@pytest.fixture(scope="session")
def start() -> Starter:
    return starter()


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, start: Starter) -> Reference:
    root, made = built_once(tmp_path_factory, "faults", lambda root: make_reference(root, start))
    return replace(made, root=root)
