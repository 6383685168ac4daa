"""The same bits for the same seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def deterministic(seed: int, device: str) -> Iterator[None]:
    """Seed torch's generators and, on the CPU, allow deterministic algorithms only; undone at the end."""
    algorithms = torch.are_deterministic_algorithms_enabled()
    filling = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    cuda = device.startswith("cuda")
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.manual_seed(seed)
        try:
            # some layers have no deterministic form on a GPU; there they only warn
            torch.use_deterministic_algorithms(True, warn_only=cuda)
            # filling is for finding reads of unset memory, and costs time
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
            yield
        finally:
            torch.use_deterministic_algorithms(algorithms)
            torch.utils.deterministic.fill_uninitialized_memory = filling  # type: ignore[attr-defined]


@contextmanager
def one_thread() -> Iterator[None]:
    """For small products on the CPU: threads gain little there, and on a busy machine they wait for
    each other (150 projector steps: 4 s with one, 68 s with two on two cores that others used too)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
