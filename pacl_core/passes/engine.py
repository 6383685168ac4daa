"""Who runs the blocks of a pass: this process, or workers on a Ray cluster."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pacl_core.passes.blocks import Block
from pacl_core.passes.local_engine import LocalEngine
from pacl_core.passes.step import Step
from pacl_core.runtime import Runtime


class Engine(Protocol):
    """Runs passes of one model, which each of its processes loads once."""

    def run(self, step: Step, blocks: Sequence[Block], folder: Path, what: str) -> None:
        """Leave each block's rows as one file in `folder` (`resumable.block_file`); those there are kept.

        Both engines write the same bytes.
        """
        ...


@contextmanager
def engine(load: Callable[[], Any], machine: Runtime) -> Iterator[Engine]:
    """The engine that `machine.engine` names. `load` loads the model and can be pickled.

    Raises `UserError` where Ray is asked for and not installed, or its cluster has no room for a worker.
    """
    if machine.engine == "ray":
        from pacl_core.passes.ray_engine import ray_engine

        with ray_engine(load, machine) as workers:
            yield workers
    else:
        yield LocalEngine(load, machine)
