"""Right and wrong zero-shot examples are what the stored predictions say."""

import numpy as np

from pacl_core.evaluation.predictions import Predictions
from pacl_core.examples.dataset import draw_outcomes


def predictions():
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 40)
    truth = np.random.default_rng(1).integers(0, 3, 40)
    ids = [f"item{i}" for i in range(40)]
    return Predictions("mood", "test", ids, truth[:, None].astype(np.float32), shares[None]), shares, truth


def test_each_is_drawn_from_its_own_outcome_and_says_what_was_predicted():
    given, shares, truth = predictions()
    rows, share = draw_outcomes(given, ("a", "b", "c"), 5, seed=0)
    assert share == np.mean(shares.argmax(axis=1) == truth)
    assert [row["right"] for row in rows] == [True] * 5 + [False] * 5
    for row in rows:
        place = given.item_ids.index(row["item_id"])
        assert row["label"] == "abc"[truth[place]]
        assert row["predicted"] == "abc"[shares[place].argmax()]
        assert row["right"] == (row["label"] == row["predicted"])
        assert abs(row["confidence"] - shares[place].max()) < 1e-4


def test_no_more_than_there_are():
    given, shares, truth = predictions()
    rows, _ = draw_outcomes(given, ("a", "b", "c"), 100, seed=0)
    assert len(rows) == 40
    assert sum(row["right"] for row in rows) == int((shares.argmax(axis=1) == truth).sum())
