"""One small finished run for all tests of this folder; nobody writes into it."""

import pytest

from tests.small_run import write_downstream, write_models


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    write_models(root)
    write_downstream(root)
    return root
