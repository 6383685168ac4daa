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
