"""Who encodes the blocks: this process, or workers on a Ray cluster."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pacl_core.encoding.blocks import Block
from pacl_core.encoding.encoded import ResumableBlock, block_file
from pacl_core.encoding.task import Batch, EncodingTask, Prefetcher
from pacl_core.runtime.progress import Progress
from pacl_core.runtime.settings import Runtime
from pacl_core.runtime.threads import one_thread


class Engine(Protocol):
    """Runs tasks of one model, which each of its processes loads once."""

    def run(self, task: EncodingTask, blocks: Sequence[Block], folder: Path, *, what: str) -> None:
        """Write each block's rows to one file in `folder` (`encoded.block_file`); existing ones are kept.

        Both engines write the same bytes.
        """
        ...


@contextmanager
def engine(load: Callable[[], Any], machine: Runtime) -> Iterator[Engine]:
    """The engine that `machine.engine` names. `load` loads the model and can be pickled.

    Raises `UserError` where Ray is asked for and not installed, or its cluster has no room for a worker.
    """
    if machine.engine == "ray":
        from pacl_core.encoding.ray_engine import ray_engine

        with ray_engine(load, machine) as workers:
            yield workers
    else:
        yield LocalEngine(load, machine)


class LocalEngine:
    """Loads its model when the first block needs it."""

    def __init__(self, load: Callable[[], Any], machine: Runtime) -> None:
        self._load, self._machine = load, machine

    @cached_property
    def _model(self) -> Any:
        return self._load()

    def run(self, task: EncodingTask, blocks: Sequence[Block], folder: Path, *, what: str) -> None:
        """As `Engine.run`; a killed run is resumed within a block too."""
        machine = self._machine
        left = [block for block in blocks if not block_file(folder, block.number).exists()]
        if not left:
            return
        threads = machine.model_threads
        started = {block.number: ResumableBlock(folder, block.number, len(block)) for block in left[:1]}
        total = sum(map(len, blocks))
        done = total - sum(map(len, left)) + sum(one.done for one in started.values())
        pool = ThreadPoolExecutor(threads)
        try:
            with one_thread(), Progress(what, total, done) as progress:
                prefetcher = Prefetcher(pool, threads, machine.device)
                batches = self._batches(task, left, folder, started=started)
                for resumable, places, rows in prefetcher.results(task, self._model, batches):
                    resumable.add(places, rows)
                    progress.add(len(rows))
        finally:
            pool.shutdown(cancel_futures=True)

    def _batches(
        self, task: EncodingTask, blocks: Sequence[Block], folder: Path, *, started: dict[int, ResumableBlock]
    ) -> Iterator[tuple[ResumableBlock, Batch]]:
        for block in blocks:
            resumable = started.get(block.number) or ResumableBlock(folder, block.number, len(block))
            for batch in task.batches(self._model, block, resumable.done, size=self._machine.batch):
                yield resumable, batch
