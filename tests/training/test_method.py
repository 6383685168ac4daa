"""The rows of a step: of all parts, of one rank, and those that a rank sees in any case."""

import numpy as np

from pacl_core.training.distributed import ALONE, World
from pacl_core.training.method import Batch

BATCH = Batch({"one": np.array([4, 2]), "other": np.array([7])})
RANKS = [World(rank, 3) for rank in range(3)]


def test_every_row_is_of_one_rank() -> None:
    assert BATCH.local(ALONE).rows().tolist() == BATCH.rows().tolist() == [4, 2, 7]
    assert sorted(row for world in RANKS for row in BATCH.local(world).rows().tolist()) == [2, 4, 7]


def test_a_rank_without_rows_sees_one_of_the_others() -> None:
    assert BATCH.seen_rows(ALONE).tolist() == [4, 2, 7]
    for world in RANKS:
        own = BATCH.local(world)
        assert BATCH.seen_rows(world).tolist() == (own.rows().tolist() if own.size else [4])
    assert any(BATCH.local(world).size == 0 for world in RANKS)
