"""The batches of a specialist, what it loads for them, and how it is spread over ranks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from pacl_core.methods.feng.method import EpochBatches, Specialist
from pacl_core.methods.feng.run import make_specialist
from pacl_core.training.distributed import ALONE, World
from tests.methods.feng import made


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def specialist(folder: Path, pool: ThreadPoolExecutor, part: str, world: World = ALONE) -> Specialist:
    return make_specialist(
        made.backbone(folder), made.sets(), made.params(), part=part, pool=pool, world=world
    )


def test_an_epoch_is_a_pass_over_the_larger_set_and_the_shorter_is_cycled() -> None:
    batches = EpochBatches({"a": np.arange(20), "b": np.arange(100, 107)}, size=5, seed=(0, 0))
    drawn = list(batches)
    assert len(drawn) == len(batches) == 4
    a = np.concatenate([batch.parts["a"] for batch in drawn])
    b = np.concatenate([batch.parts["b"] for batch in drawn])
    assert sorted(a.tolist()) == list(range(20))
    assert sorted(b[:7].tolist()) == sorted(b[7:14].tolist()) == list(range(100, 107))
    assert b[:7].tolist() != b[7:14].tolist()


def test_orders_differ_by_epoch_and_repeat_by_seed() -> None:
    def rows(seed: tuple[int, int]) -> list[int]:
        (batch,) = EpochBatches({"a": np.arange(9)}, size=9, seed=seed)
        return batch.parts["a"].tolist()

    assert rows((0, 0)) == rows((0, 0)) and rows((0, 0)) != rows((0, 1)) != rows((1, 1))


def test_equal_sizes_of_two_sets_are_not_paired() -> None:
    """Published, image i always came with image i of the other set."""
    batches = EpochBatches({"a": np.arange(50), "b": np.arange(50, 100)}, size=50, seed=(0, 0))
    (batch,) = batches
    assert (batch.parts["a"] + 50 != batch.parts["b"]).any()


def test_a_set_smaller_than_a_batch_is_whole_in_each() -> None:
    batches = EpochBatches({"a": np.arange(8), "b": np.array([8, 9, 10])}, size=4, seed=(0, 0))
    assert [sorted(batch.parts["b"].tolist()) for batch in batches] == [[8, 9, 10]] * 2


def test_tasks_of_one_set_see_the_same_images(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    method = specialist(tmp_path, pool, "st")
    first, again = (next(iter(method.batches(0))) for _ in range(2))
    assert np.array_equal(first.parts["color"], first.parts["sr"])
    pieces, others = method.load(0, first), method.load(0, again)
    assert [piece.task for piece in pieces] == ["color", "sr"]
    for one, other in zip(pieces, others, strict=True):
        assert torch.equal(one.seen.pixels, other.seen.pixels)
    assert not torch.equal(method.load(1, first)[0].seen.pixels, pieces[0].seen.pixels)


def test_evaluation_has_no_random_views(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    method = specialist(tmp_path, pool, "ho")
    method.model.eval()
    assert method.evaluate(0) == method.evaluate(1)


@pytest.mark.parametrize(
    "part", ["hp", pytest.param("st", marks=pytest.mark.slow), pytest.param("ho", marks=pytest.mark.slow)]
)
def test_slices_of_ranks_add_up_to_the_whole(tmp_path: Path, pool: ThreadPoolExecutor, part: str) -> None:
    """In evaluation mode, where no rank needs what the others see."""
    whole = specialist(tmp_path, pool, part)
    whole.model.eval()
    batch = next(iter(whole.batches(0)))
    wanted = {
        name: term.item()
        for piece in whole.load(0, batch)
        for name, term in whole.losses(piece, ALONE).terms.items()
    }
    found = dict.fromkeys(wanted, 0.0)
    for rank in range(6):  # two of them have no image
        method = specialist(tmp_path, pool, part, World(rank, 6))
        method.model.load_state_dict(whole.model.state_dict())
        method.model.eval()
        for piece in method.load(0, batch):
            for name, term in method.losses(piece, method.world).terms.items():
                found[name] += term.item()
    assert found == pytest.approx(wanted, rel=1e-5)


def test_sample_ids_name_the_rows_of_all_sets(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    sets = {"anp": made.made_set(14, "pairs"), "caption": made.made_set(9, "said")}
    method = make_specialist(made.backbone(tmp_path), sets, made.params(), part="hp", pool=pool)
    batch = next(iter(method.batches(0)))
    assert {method.sample_ids[row].split()[0] for row in batch.parts["anp"]} == {"pairs"}
    assert {method.sample_ids[row].split()[0] for row in batch.parts["caption"]} == {"said"}
