"""Which samples meet: every step has a batch per partition, an epoch sees all of the largest one."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.methods.pacl.training.batches import EpochBatches

ROWS = {"strong": range(10), "weak": range(10, 73)}


def epoch_batches(active, rows, batch_size, epoch, seed, batching="separate"):
    """The parts of every step."""
    arrays = {name: np.asarray(own, np.int64) for name, own in rows.items()}
    batches = EpochBatches(arrays, active, batch_size, (seed, epoch), batching)
    steps = [batch.parts for batch in batches]
    assert len(steps) == len(batches)
    return steps


def test_an_epoch_is_one_pass_over_the_largest() -> None:
    steps = list(epoch_batches(("strong", "weak"), ROWS, 8, epoch=0, seed=0))
    assert len(steps) == 8
    assert sorted(chain(*(step["weak"] for step in steps))) == list(range(10, 73))


def test_the_shorter_is_cycled_pass_by_pass() -> None:
    steps = list(epoch_batches(("strong", "weak"), ROWS, 8, epoch=0, seed=0))
    for first, second in zip(steps[::2], steps[1::2], strict=True):  # 10 samples: two batches of 5 a pass
        assert sorted([*first["strong"], *second["strong"]]) == list(range(10))
    passes = [list(chain(*(s["strong"] for s in steps[i : i + 2]))) for i in range(0, 8, 2)]
    assert len({tuple(one) for one in passes}) == 4  # each in another order


def test_smaller_than_a_batch() -> None:
    (step,) = epoch_batches(("strong",), {"strong": range(3)}, 64, epoch=5, seed=1)
    assert sorted(step["strong"]) == [0, 1, 2]


@pytest.mark.parametrize("batching", ["separate", "mixed"])
@pytest.mark.parametrize(("strong", "weak"), [(5, 23), (23, 5), (16, 16), (1, 9), (0, 7), (0, 0)])
def test_images_are_those_of_all_batches(strong: int, weak: int, batching: str) -> None:
    rows = {"strong": np.arange(strong), "weak": np.arange(strong, strong + weak)}
    active = [name for name, own in rows.items() if len(own)]
    epoch = EpochBatches(rows, active, 4, (0, 0), batching)
    assert epoch.images == sum(batch.size for batch in epoch)


def test_nothing_active() -> None:
    assert list(epoch_batches((), ROWS, 8, epoch=0, seed=0)) == []


def test_seed_and_epoch_decide() -> None:
    def order(epoch: int, seed: int) -> list[int]:
        return [int(row) for step in epoch_batches(("weak",), ROWS, 8, epoch, seed) for row in step["weak"]]

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(epoch, seed)) for epoch in range(3) for seed in range(3)}) == 9


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 12))
def test_batches_are_level_and_without_doubles(strong: int, weak: int, batch_size: int) -> None:
    rows = {"strong": range(strong), "weak": range(strong, strong + weak)}
    for step in epoch_batches(("strong", "weak"), rows, batch_size, epoch=0, seed=0):
        for name, batch in step.items():
            full = len(rows[name])
            pieces = -(-full // batch_size)
            assert len(np.unique(batch)) == len(batch)
            assert full // pieces <= len(batch) <= min(batch_size, full // pieces + 1)


def test_a_mixed_epoch_sees_every_active_pair_once() -> None:
    steps = list(epoch_batches(("strong", "weak"), ROWS, 8, epoch=0, seed=0, batching="mixed"))
    assert len(steps) == 10
    for name, rows in ROWS.items():
        assert sorted(chain(*(step.get(name, []) for step in steps))) == list(rows)
    assert {sum(map(len, step.values())) for step in steps} == {7, 8}
    assert list(epoch_batches((), ROWS, 8, epoch=0, seed=0, batching="mixed")) == []


def test_mixed_batches_leave_out_whom_they_do_not_meet() -> None:
    rows = {"strong": range(1), "weak": range(1, 40)}
    steps = list(epoch_batches(("strong", "weak"), rows, 8, epoch=0, seed=0, batching="mixed"))
    assert sum("strong" in step for step in steps) == 1
    assert all(len(batch) for step in steps for batch in step.values())


def test_mixed_order_follows_seed_and_epoch() -> None:
    def order(epoch: int, seed: int) -> list[int]:
        steps = epoch_batches(("weak",), ROWS, 8, epoch, seed, "mixed")
        return [int(row) for step in steps for row in step["weak"]]

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(epoch, seed)) for epoch in range(3) for seed in range(3)}) == 9
