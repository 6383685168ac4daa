"""Batches prepared ahead by threads come back in order, with a bounded number under way."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest

from pacl_core.encoding.blocks import Block
from pacl_core.encoding.task import Batch, Prefetcher, encode_block

BLOCK = Block(0, Path("none"), range(40))


class Numbers:
    """An `EncodingTask` whose first batches take longest; it counts how many are in the model at once."""

    def __init__(self) -> None:
        self.lock, self.inside, self.most = Lock(), 0, 0

    def batches(self, model: Any, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        for start in range(skip, len(block), size):
            places = np.arange(start, min(start + size, len(block)))[::-1]
            yield Batch(places, places.astype(np.float32))

    def prepare(self, model: Any, inputs: Any) -> Any:
        time.sleep(0.02 / (1 + float(inputs.min())))
        return inputs

    def encode(self, model: Any, prepared: Any) -> Any:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.005)
        with self.lock:
            self.inside -= 1
        return prepared[:, None]


@pytest.mark.parametrize(("device", "at_once"), [("cpu", 4), ("cuda", 2)])
def test_results_are_in_order_and_a_gpu_takes_two_batches_at_once(device: str, at_once: int) -> None:
    task, taken = Numbers(), []

    def batches() -> Iterator[tuple[int, Batch]]:
        for number, batch in enumerate(task.batches(None, BLOCK, 0, size=2)):
            taken.append(number)
            yield number, batch

    with ThreadPoolExecutor(4) as pool:
        found = []
        for number, _, _ in Prefetcher(pool, 4, device).results(task, None, batches()):
            found.append(number)
            assert len(taken) - len(found) <= 2 * 4
    assert found == taken == list(range(20))
    assert 1 < task.most <= at_once


def test_the_rows_of_a_block_are_at_their_places() -> None:
    with ThreadPoolExecutor(2) as pool:
        rows = encode_block(Numbers(), None, BLOCK, batch=7, prefetcher=Prefetcher(pool, 2, "cpu"))
    assert rows.tolist() == [[float(place)] for place in range(40)]
