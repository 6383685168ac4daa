"""Work without a model, many pieces at once: threads of this process, or tasks on a Ray cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from pacl_core.errors import UserError
from pacl_core.runtime.settings import Runtime

LOSSES = 3  # workers lost on one job before the job is taken for the cause


class Job(Protocol):
    """One that was started."""

    def result(self) -> Any:
        """What it returned, once it ends; raises what it raised."""
        ...


class Jobs(Protocol):
    """Who does them."""

    @property
    def at_once(self) -> int:
        """How many run at the same time, at present."""
        ...

    def start(self, what: str, work: Callable[..., Any], *given: Any) -> Job:
        """Call `work(*given)` when there is room; `what` names it in messages.

        On Ray both are pickled, and one call may be repeated.
        """
        ...


@contextmanager
def jobs(machine: Runtime, *rooms: str) -> Iterator[Jobs]:
    """Those of the engine that `machine` names; what has not begun at the end is dropped.

    `rooms`: code of pacl_core that the work depends on; nodes need the same. Raises `UserError` where Ray is
    asked for and not installed, or its cluster has no CPU.
    """
    if machine.engine == "ray":
        from pacl_core.runtime.ray_cluster import cluster

        with cluster():
            on_ray = RayJobs(rooms)
            try:
                yield on_ray
            finally:
                on_ray.cancel()
    else:
        with threads(machine.workers) as here:
            yield here


@contextmanager
def threads(count: int) -> Iterator["ThreadJobs"]:
    """So many threads of this process."""
    pool = ThreadPoolExecutor(count)
    try:
        yield ThreadJobs(pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


class ThreadJobs:
    """Jobs in threads of this process."""

    def __init__(self, pool: ThreadPoolExecutor, count: int) -> None:
        self._pool, self.at_once = pool, count

    def start(self, what: str, work: Callable[..., Any], *given: Any) -> Job:
        return self._pool.submit(work, *given)


class RayJobs:
    """Jobs as tasks of one CPU each; those of a lost worker or node are done again elsewhere."""

    def __init__(self, rooms: tuple[str, ...]) -> None:
        from pacl_core.runtime.ray_cluster import home, ray_module

        self._ray: Any = ray_module()
        if not _cpus():
            raise UserError("no node of the Ray cluster has a CPU; add one")
        self._task: Any = self._ray.remote(num_cpus=1, max_retries=LOSSES - 1)(_at_home)
        self._home = self._ray.put(home(*rooms))
        self._started: set[Any] = set()

    @property
    def at_once(self) -> int:
        return max(1, _cpus())

    def start(self, what: str, work: Callable[..., Any], *given: Any) -> Job:
        found = self._task.remote(self._home, work, given)
        self._started.add(found)
        return _RayJob(self, what, found)

    def cancel(self) -> None:
        """Drop what has no result yet."""
        for one in self._started:
            self._ray.cancel(one)
        self._started.clear()

    def result(self, what: str, of: Any) -> Any:
        """That of a started task."""
        ray = self._ray
        try:
            return ray.get(of)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{what}: lost {LOSSES} Ray workers ({reason}); usually memory") from None
        finally:
            self._started.discard(of)


class _RayJob:
    def __init__(self, of: RayJobs, what: str, found: Any) -> None:
        self._of, self._what, self._found = of, what, found

    def result(self) -> Any:
        return self._of.result(self._what, self._found)


def _cpus() -> int:
    """Those of the cluster's nodes."""
    from pacl_core.runtime.ray_cluster import nodes, room

    return room(nodes(), "CPU", 1)


def _at_home(home: Any, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    from pacl_core.runtime.ray_cluster import go_home

    go_home(home)
    return work(*given)
