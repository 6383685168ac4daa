"""The blocks of a pass in this process, one after the other; the next begins while one ends."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from pacl_core.passes.blocks import Block
from pacl_core.passes.resumable import ResumableBlock, block_file
from pacl_core.passes.step import Batch, Lanes, Step
from pacl_core.progress import Progress
from pacl_core.runtime import Runtime
from pacl_core.threads import one_thread


class LocalEngine:
    """Loads its model when the first block needs it."""

    def __init__(self, load: Callable[[], Any], machine: Runtime) -> None:
        self._load, self._machine = load, machine

    @cached_property
    def _model(self) -> Any:
        return self._load()

    def run(self, step: Step, blocks: Sequence[Block], folder: Path, what: str) -> None:
        """As `Engine.run`; within a block too it goes on where a killed run was."""
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
                lanes = Lanes(pool, threads, machine.device)
                batches = self._batches(step, left, folder, started)
                for resumable, places, rows in lanes.results(step, self._model, batches):
                    resumable.add(places, rows)
                    progress.add(len(rows))
        finally:
            pool.shutdown(cancel_futures=True)

    def _batches(
        self, step: Step, blocks: Sequence[Block], folder: Path, started: dict[int, ResumableBlock]
    ) -> Iterator[tuple[ResumableBlock, Batch]]:
        for block in blocks:
            resumable = started.get(block.number) or ResumableBlock(folder, block.number, len(block))
            for batch in step.batches(self._model, block, resumable.done, self._machine.batch):
                yield resumable, batch
