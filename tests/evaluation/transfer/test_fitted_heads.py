"""Heads go over where the same direction means the same in both sets, and do not where it does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pacl_core.datasets.features import unit_length
from pacl_core.datasets.task_data import read_task_data
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.heads import Examples, head_prediction
from pacl_core.evaluation.protocols.linear import fit
from pacl_core.evaluation.transfer import fitted_heads
from pacl_core.evaluation.transfer.fitted_heads import Transferred, transfer
from pacl_core.evaluation.transfer.unseen_sets import UnseenSet, read_stored
from pacl_core.params.evaluation import LinearParams, SameClasses
from tests.evaluation.transfer.stored_sets import (
    EMOTION,
    FEELING,
    OASIS,
    POLARITY,
    VA,
    directions,
    write_set,
)

CONVEX = LinearParams(probe="convex")
Features = dict[str, NDArray[np.float32]]


def run(
    folder: Path, features: Features, *to: str, same: SameClasses = "polarity", params: LinearParams = CONVEX
) -> dict[str, list[Transferred]]:
    """From the set `a`; all items of the others are tested unless their split is official."""
    source, *targets = (read_stored(folder / f"{name}.parquet") for name in ("a", *to))
    tested = []
    for one in targets:
        items = len(features[one.name])
        mask = np.arange(items) % 4 == 3 if one.official else np.ones(items, bool)
        tested.append(UnseenSet(one, mask, {"test_items": int(mask.sum())}))
    return transfer(source, tested, lambda path: features[path.stem], same=same, params=params, device="cpu")


def polar(
    folder: Path, name: str, x: NDArray[np.float32], *, direction: int = 0, splits: str = "official"
) -> None:
    write_set(folder, name, [POLARITY], {"polarity": (x[:, direction] > 0).astype(int)}, splits=splits)


def accuracy(found: Transferred) -> float:
    test = found.outcome.test
    return float((test.prediction.argmax(axis=2) == test.target[:, 0]).mean())


@pytest.mark.parametrize("params", [CONVEX, LinearParams(seeds=2, lr=0.05)])
def test_a_head_transfers_where_the_direction_is_the_same_and_not_where_it_is_another(
    tmp_path: Path, params: LinearParams
) -> None:
    features = {name: directions(240, seed=seed) for seed, name in enumerate("abc")}
    for name, direction in (("a", 0), ("b", 0), ("c", 1)):
        polar(tmp_path, name, features[name], direction=direction, splits="ours")
    found = run(tmp_path, features, "b", "c", params=params)
    (same,), (other,) = found["b"], found["c"]
    assert accuracy(same) > 0.9
    assert 0.35 < accuracy(other) < 0.65
    seeds = 1 if params.probe == "convex" else 2
    assert same.outcome.test.prediction.shape == (seeds, 240, 2)
    assert same.outcome.test.item_ids == [f"b{row:03}" for row in range(240)]
    assert same.outcome.task.name == "polarity, from a"
    assert len(same.known) == 240


def test_it_is_the_head_of_the_linear_protocol_on_the_source(tmp_path: Path) -> None:
    features = {name: directions(120, seed=seed) for seed, name in enumerate("ab")}
    for name in "ab":
        polar(tmp_path, name, features[name])
    (found,) = run(tmp_path, features, "b")["b"]
    own = read_task_data(POLARITY, tmp_path / "a.parquet")
    x = torch.from_numpy(unit_length(features["a"], own.item_ids, tmp_path / "a.parquet"))
    target = torch.from_numpy(own.target)
    train, val = (Examples(x[own.rows[split]], target[own.rows[split]]) for split in ("train", "val"))
    heads, chosen = fit(POLARITY, train, val, params=CONVEX)
    expected = head_prediction(POLARITY)(heads.outputs(torch.from_numpy(features["b"][3::4])))
    np.testing.assert_allclose(found.outcome.test.prediction, expected.numpy(), atol=1e-6)
    assert found.outcome.test.item_ids == [f"b{row:03}" for row in range(3, 120, 4)]
    assert {name: found.outcome.chosen[name] for name in chosen} == chosen
    assert found.outcome.chosen["fitted_items"] == 60
    assert found.outcome.chosen["classes"] == {"negative": "negative", "positive": "positive"}
    assert len(found.known) == 60  # the training split of the target, which is official


def test_classes_that_the_mapping_lacks_are_neither_fitted_on_nor_tested(tmp_path: Path) -> None:
    x = {name: directions(200, seed=seed) for seed, name in enumerate("ab")}
    joy = x["a"][:, 0] > 0
    emotion = np.where(x["a"][:, 2] > 0.3, 2, np.where(joy, 0, 1))  # some are awe, whatever the direction
    write_set(tmp_path, "a", [EMOTION], {"emotion": emotion})
    write_set(tmp_path, "b", [FEELING], {"feeling": (x["b"][:, 0] > 0).astype(int)}, splits="ours")
    (found,) = run(tmp_path, x, "b", same={"joy": "happy", "fear": "scared"})["b"]
    assert found.outcome.chosen["fitted_items"] == int(((emotion < 2) & (np.arange(200) % 4 < 2)).sum())
    assert found.outcome.task.classes == ("scared", "happy")
    assert accuracy(found) > 0.9
    write_set(tmp_path, "b", [EMOTION], {"emotion": emotion}, splits="ours")
    (found,) = run(tmp_path, x, "b", same={"joy": "joy", "fear": "fear"})["b"]
    assert found.outcome.test.target.shape == (int((emotion < 2).sum()), 1)


def test_ratings_transfer_by_dimension(tmp_path: Path) -> None:
    x = {name: directions(160, seed=seed) for seed, name in enumerate("ab")}
    rated = {name: 0.5 + 0.3 * features for name, features in x.items()}
    write_set(tmp_path, "a", [VA], {"valence": rated["a"][:, 0], "arousal": rated["a"][:, 1]})
    columns = {"Arousal_mean": rated["b"][:, 1], "Valence_mean": rated["b"][:, 0]}
    write_set(tmp_path, "b", [OASIS], columns, splits="ours")
    (found,) = run(tmp_path, x, "b")["b"]
    test = found.outcome.test
    assert np.abs(test.prediction[0] - test.target).mean() < 0.02
    assert "classes" not in found.outcome.chosen and found.outcome.chosen["alpha"] > 0


def test_a_head_is_fitted_once_for_sets_that_ask_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = {name: directions(80, seed=seed) for seed, name in enumerate("abc")}
    for name in "abc":
        polar(tmp_path, name, features[name])
    fits = []

    def counted(*given: Any, **named: Any) -> Any:
        fits.append(1)
        return fit(*given, **named)

    monkeypatch.setattr(fitted_heads, "fit", counted)
    found = run(tmp_path, features, "b", "c")
    assert len(fits) == 1 and set(found) == {"b", "c"}


def test_no_items_of_the_shared_classes_is_one_clear_line(tmp_path: Path) -> None:
    features = {name: directions(8, seed=seed) for seed, name in enumerate("ab")}
    write_set(tmp_path, "a", [EMOTION], {"emotion": [2] * 8})
    write_set(tmp_path, "b", [FEELING], {"feeling": [0, 1] * 4})
    with pytest.raises(
        UserError, match=r"'a' has no items in split 'train' for the head of 'feeling, from a'"
    ):
        run(tmp_path, features, "b", same={"joy": "happy", "fear": "scared"})
    write_set(tmp_path, "a", [EMOTION], {"emotion": [0, 1, 0, 0, 1, 0, 1, 1]})
    write_set(tmp_path, "b", [EMOTION], {"emotion": [2] * 8})
    with pytest.raises(UserError, match="'b' has no test items for 'emotion, from a'"):
        run(tmp_path, features, "b", same={"joy": "joy", "fear": "fear"})
