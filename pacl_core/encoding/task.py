"""How a block is encoded: the same code on every engine."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from threading import Semaphore
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block

Item = TypeVar("Item")


class Batch(NamedTuple):
    """`places` [B] among the rows of a block, and the data that `prepare` turns into model inputs."""

    places: NDArray[np.int64]
    inputs: Any


class EncodingTask(Protocol):
    """What to do with a model, without the model itself: it is sent to the processes that hold one."""

    def batches(self, model: Any, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        """The block's inputs, undecoded, `size` at a time, without the first `skip` (whole batches).

        Which inputs form a batch depends on the block and `size` alone.
        """
        ...

    def prepare(self, model: Any, inputs: Any) -> Any:
        """Decode a batch, on the CPU; called from several threads."""
        ...

    def encode(self, model: Any, prepared: Any) -> NDArray[Any]:
        """Run the model: one row per input."""
        ...


class Prefetcher:
    """Threads that prepare batches ahead of the model, and how many of them may run the model at once.

    On a CPU every thread runs the model too, on one core: the batches need not wait for each other as
    torch's own threads do in every layer, and a result does not depend on the number of cores. A GPU takes
    two at a time: one computes while the other's inputs are on their way.
    """

    def __init__(self, pool: Executor, threads: int, device: str) -> None:
        self._pool, self._ahead = pool, 2 * threads
        self._model: AbstractContextManager[Any] = Semaphore(2) if device != "cpu" else nullcontext()

    def results(
        self, task: EncodingTask, model: Any, batches: Iterable[tuple[Item, Batch]]
    ) -> Iterator[tuple[Item, NDArray[np.int64], NDArray[Any]]]:
        """(item, places, rows) of every batch, in order, with a bounded number of batches under way."""

        def run(inputs: Any) -> NDArray[Any]:
            prepared = task.prepare(model, inputs)
            with self._model:
                return task.encode(model, prepared)

        def start(item: Item, batch: Batch) -> Callable[[], tuple[Item, NDArray[np.int64], NDArray[Any]]]:
            future = self._pool.submit(run, batch.inputs)
            return lambda: (item, batch.places, future.result())

        under_way: deque[Callable[[], tuple[Item, NDArray[np.int64], NDArray[Any]]]] = deque()
        for item, batch in batches:
            under_way.append(start(item, batch))
            if len(under_way) > self._ahead:
                yield under_way.popleft()()
        while under_way:
            yield under_way.popleft()()


def encode_block(
    task: EncodingTask, model: Any, block: Block, *, batch: int, prefetcher: Prefetcher
) -> NDArray[Any]:
    """All rows of a block, in memory."""
    whole: NDArray[Any] | None = None
    batches = ((block, one) for one in task.batches(model, block, 0, size=batch))
    for _, places, rows in prefetcher.results(task, model, batches):
        if whole is None:
            whole = np.empty((len(block), *rows.shape[1:]), rows.dtype)
        whole[places] = rows
    assert whole is not None  # no block is empty
    return whole
