"""A Ray cluster of this machine for the tests of a module, as the stages start one."""

from collections.abc import Iterator

import pytest

pytest.importorskip("ray")

from pacl_core.runtime.ray_cluster import cluster, ray_module


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """What connects to a cluster within the module finds this one."""
    with cluster():
        assert ray_module().is_initialized()
        yield
