"""Encoding on a Ray cluster: a worker per device holds the model, blocks of a lost worker are redone.

Workers read pairs and weights themselves, by the same paths: all nodes share the file system of the project's
folder. They send rows back; only this process writes files. Plain actors rather than Ray Data: a block is
exactly a file, its rows may exceed an Arrow cell, and if a node is lost for good its blocks go to the
remaining ones.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block
from pacl_core.encoding.encoded import block_file
from pacl_core.encoding.scratch_keys import CODE
from pacl_core.encoding.task import EncodingTask, Prefetcher, encode_block
from pacl_core.errors import UserError
from pacl_core.files.npy_file import npy_bytes
from pacl_core.files.publish import published_file
from pacl_core.runtime.progress import Progress
from pacl_core.runtime.ray_cluster import Home, cluster, go_home, home, nodes, ray_module, room
from pacl_core.runtime.settings import Runtime

log = logging.getLogger("pacl")

AT_ONCE = 2  # blocks of a worker: the second begins while the first ends
LOSSES = 3  # workers lost on one block before the block is taken for the cause
SECONDS = 2.0  # seconds between two checks for new nodes


class Worker:
    """Runs in a process of the cluster. Its methods run in threads: two blocks at a time."""

    def __init__(self, home: Home, load: Callable[[], Any], device: str, *, threads: int, batch: int) -> None:
        self._home, self._load, self._batch, self._model = home, load, batch, None
        self._prefetcher = Prefetcher(ThreadPoolExecutor(threads), threads, device)
        self._lock = Lock()

    def encode(self, task: EncodingTask, block: Block) -> NDArray[Any]:
        """The rows of a block. Raises `UserError` where the node lacks files."""
        with self._lock:
            if self._model is None:
                self._start()
        return encode_block(task, self._model, block, batch=self._batch, prefetcher=self._prefetcher)

    def _start(self) -> None:
        import torch

        torch.set_num_threads(1)  # as in the local engine: a batch is computed by one thread
        go_home(self._home)
        self._model = self._load()


@contextmanager
def ray_engine(load: Callable[[], Any], machine: Runtime) -> Iterator["RayEngine"]:
    """Workers on the cluster at RAY_ADDRESS, or on one that is started on this machine."""
    with cluster():
        with_workers = RayEngine(load, machine)
        try:
            yield with_workers
        finally:
            with_workers.close()


class RayEngine:
    """Keeps a worker per device of the cluster, and gives blocks to those that are alive."""

    def __init__(self, load: Callable[[], Any], machine: Runtime) -> None:
        ray = ray_module()
        there = nodes()
        gpu = machine.device != "cpu"
        smallest = min((int(node["CPU"]) for node in there if node.get("CPU", 0) >= 1), default=1)
        self._needs = "GPU" if gpu else "CPU"
        self._each = 1 if gpu else machine.chosen_workers or smallest
        if not room(there, self._needs, self._each):
            raise UserError(
                f"no node of the Ray cluster has {self._each} {self._needs}; set PACL_DEVICE and PACL_WORKERS"
            )
        threads = machine.workers if gpu else self._each
        options = {"num_gpus": 1, "num_cpus": 0} if gpu else {"num_cpus": self._each}
        actor = ray.remote(max_concurrency=AT_ONCE, max_restarts=0, **options)(Worker)
        given = home(*CODE), ray.put(load), machine.device
        self._new: Callable[[], Any] = lambda: actor.remote(*given, threads=threads, batch=machine.batch)
        self._workers: list[Any] = []
        self._waiting = False

    def close(self) -> None:
        """Let the workers go."""
        for worker in self._workers:
            ray_module().kill(worker)
        self._workers = []

    def run(self, task: EncodingTask, blocks: Sequence[Block], folder: Path, *, what: str) -> None:
        """As `Engine.run`; a finished block survives a kill, one under way is redone."""
        ray = ray_module()
        folder.mkdir(parents=True, exist_ok=True)
        left = deque(block for block in blocks if not block_file(folder, block.number).exists())
        total = sum(map(len, blocks))
        shared = ray.put(task)
        under_way: dict[Any, tuple[Any, Block]] = {}
        losses: dict[int, int] = {}
        looked = -SECONDS
        with Progress(what, total, total - sum(map(len, left))) as progress:
            while left or under_way:
                if time.monotonic() - looked > SECONDS:
                    self._top_up(len(left) + len(under_way))
                    looked = time.monotonic()
                while left and (worker := self._idle(under_way)) is not None:
                    block = left.popleft()
                    under_way[worker.encode.remote(shared, block)] = worker, block
                finished, _ = ray.wait(list(under_way), timeout=SECONDS) if under_way else ([], [])
                for result in finished:
                    worker, block = under_way.pop(result)
                    rows = _rows(result)
                    if rows is None:
                        self._lost(worker, block, losses)
                        left.appendleft(block)
                        continue
                    with published_file(block_file(folder, block.number)) as draft:
                        draft.write_bytes(npy_bytes(rows))
                    progress.add(len(block))

    def _top_up(self, blocks: int) -> None:
        """Start workers where the cluster has room: at first, after a loss, on a new node."""
        places = room(nodes(), self._needs, self._each)
        if not places and not self._waiting:
            log.info("ray: no node left for a worker, waiting for one")
        self._waiting = not places
        while len(self._workers) < min(places, blocks):
            self._workers.append(self._new())

    def _idle(self, under_way: dict[Any, tuple[Any, Block]]) -> Any:
        """The worker with the fewest blocks, if it may take one more."""
        loads = {id(worker): 0 for worker in self._workers}
        for worker, _ in under_way.values():
            if id(worker) in loads:
                loads[id(worker)] += 1
        free = [worker for worker in self._workers if loads[id(worker)] < AT_ONCE]
        return min(free, key=lambda worker: loads[id(worker)], default=None)

    def _lost(self, worker: Any, block: Block, losses: dict[int, int]) -> None:
        losses[block.number] = losses.get(block.number, 0) + 1
        log.info("ray: a worker was lost; block %d is redone", block.number)
        if losses[block.number] >= LOSSES:
            raise UserError(
                f"{block.file}: its block lost {LOSSES} workers; if they run out of memory lower PACL_BATCH"
            )
        self._workers = [other for other in self._workers if other is not worker]


def _rows(result: Any) -> NDArray[Any] | None:
    """What a worker computed; None if the worker was lost. Raises what its code raised."""
    ray = ray_module()
    try:
        rows: NDArray[Any] = ray.get(result)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayActorError as error:
        if "creation task" in str(error):  # it never started: every other worker would fail in the same way
            raise UserError(f"a Ray worker cannot start: {str(error).strip().splitlines()[-1]}") from None
        return None
    except (ray.exceptions.ObjectLostError, ray.exceptions.WorkerCrashedError):
        return None
    return rows
