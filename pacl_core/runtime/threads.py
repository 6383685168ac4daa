"""The number of threads that torch takes for a piece of work."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


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
