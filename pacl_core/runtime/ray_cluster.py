"""A Ray cluster: connecting to it, the room on its nodes, and this project's folder and code on each."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.runtime.scratch import code_sha256


class Home(NamedTuple):
    """The project's folder on every node, the code of `rooms` in it, as `code_sha256`."""

    folder: str
    rooms: tuple[str, ...]
    code: str


def home(*rooms: str) -> Home:
    """That of this process."""
    return Home(str(Path.cwd()), rooms, code_sha256(*rooms))


@cache
def go_home(to: Home) -> None:
    """In a process of the cluster: work in the project's folder. Raises `UserError` where it lacks that."""
    node = os.uname().nodename
    try:
        os.chdir(to.folder)
    except OSError:
        raise UserError(f"{node}: no folder {to.folder}; all nodes need it (a shared file system)") from None
    if code_sha256(*to.rooms) != to.code:
        raise UserError(f"{node}: another version of pacl is there; all nodes need the same")


@contextmanager
def cluster() -> Iterator[None]:
    """Connect to the cluster at RAY_ADDRESS, or start one on this machine; undone at the end.

    Raises `UserError` where Ray is not installed, or no cluster is at the address.
    """
    ray = ray_module()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "runtime_env": {"env_vars": {"PYTHONPATH": _import_path()}},
    }
    own = not ray.is_initialized()
    if own:
        if address := os.environ.get("RAY_ADDRESS"):
            try:
                ray.init(address=address, **quiet)
            except (ConnectionError, RuntimeError, ValueError) as error:
                reason = " ".join(str(error).split())[:200]
                raise UserError(f"RAY_ADDRESS={address}: no cluster there ({reason})") from None
        else:
            ray.init(address="local", include_dashboard=False, **quiet)
    try:
        yield
    finally:
        if own:
            ray.shutdown()


def nodes() -> list[dict[str, float]]:
    """What each node that is alive has, by resource (CPU, GPU)."""
    return [node["Resources"] for node in ray_module().nodes() if node["Alive"]]


def room(of: Sequence[dict[str, float]], resource: str, each: int) -> int:
    """How many workers that need `each` of a resource the nodes hold."""
    return sum(int(node.get(resource, 0)) // each for node in of)


@cache
def ray_module() -> Any:
    """Raises `UserError` where it is not installed."""
    try:
        import ray
    except ImportError:
        raise UserError(f"PACL_ENGINE=ray: Ray is not installed; {install('ray')}") from None
    return ray


def _import_path() -> str:
    """Put the folder that this process imports pacl_core from first in a worker's path too."""
    own = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH"))))
