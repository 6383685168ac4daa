"""The linear protocol: heads find what is planted, seeds do not touch each other, validation chooses."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pacl_core.datasets.features import unit_length
from pacl_core.datasets.tasks import Level, Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols import linear
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import Examples, Heads, head_loss, head_prediction, new_head
from pacl_core.evaluation.protocols.linear import fit_heads, run
from pacl_core.params.evaluation import LinearParams

TASKS = {
    "regression": Task("valence", "regression", ("valence",)),
    "single_label": Task("side", "single_label", ("side",), ("left", "right")),
    "multi_label": Task("marks", "multi_label", ("m0", "m1"), ("m0", "m1")),
    "distribution": Task("shares", "distribution", ("s0", "s1"), ("s0", "s1")),
    "hierarchical": Task(
        "tree",
        "hierarchical",
        ("side", "quarter"),
        levels=(Level("side", ("left", "right")), Level("quarter", ("a", "b", "c", "d"))),
        ancestors=((0,), (0,), (1,), (1,)),
    ),
}
ALL = list(TASKS.values())
SHORT = LinearParams(epochs=5, seeds=2)
CONVEX = LinearParams(probe="convex")


def planted(items, seed=0):
    """Features [N, 6] of unit length, and every column of `TASKS`, decided by the first two of them."""
    x = np.random.default_rng(seed).normal(size=(items, 6)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    right, up = x[:, 0] > 0, x[:, 1] > 0
    share = 1 / (1 + np.exp(-4 * x[:, 0]))
    columns = {
        "valence": 0.5 + 0.3 * x[:, 0],
        "side": right.astype(np.int32),
        "quarter": (2 * right + up).astype(np.int32),
        "m0": right.astype(np.float32),
        "m1": up.astype(np.float32),
        "s0": 1 - share,
        "s1": share,
    }
    return x, {name: np.asarray(column) for name, column in columns.items()}


def examples(task, x, columns, rows=slice(None)):
    target = np.stack([columns[column] for column in task.columns], axis=1).astype(np.float32)
    return Examples(torch.from_numpy(x[rows]), torch.from_numpy(target[rows]))


def write_dataset(folder, columns, split=None):
    """`photos.parquet` of items whose places in the splits repeat: train, train, val, test."""
    items = len(columns["side"])
    whole = {
        "item_id": [f"item{i:03}" for i in range(items)],
        "split": split or [("train", "train", "val", "test")[i % 4] for i in range(items)],
        **{
            name: pa.array(column, pa.int32() if name in ("side", "quarter") else pa.float32())
            for name, column in columns.items()
        },
    }
    pq.write_table(pa.table(whole), folder / "photos.parquet")
    return folder / "photos.parquet"


@pytest.mark.parametrize("probe", ["head", "convex"])
@pytest.mark.parametrize("kind", TASKS)
def test_what_is_planted_is_found(tmp_path, kind, probe):
    x, columns = planted(800)
    (outcome,) = run(
        [TASKS[kind]],
        DownstreamData(write_dataset(tmp_path, columns), x),
        LinearParams(probe=probe, seeds=2, lr=0.05),
        device="cpu",
    )
    target = outcome.test.target
    assert outcome.test.prediction.shape == (2 if probe == "head" else 1, 200, TASKS[kind].outputs)
    for prediction in outcome.test.prediction:
        if kind in ("regression", "distribution"):
            assert np.abs(prediction - target).mean() < 0.05
        elif kind == "multi_label":
            assert ((prediction > 0.5) == target).mean() > 0.95
        else:
            slices = TASKS[kind].level_slices or (slice(None),)
            for place, level in enumerate(slices):
                assert np.allclose(prediction[:, level].sum(axis=1), 1)
                assert (prediction[:, level].argmax(axis=1) == target[:, place]).mean() > 0.9


@pytest.mark.parametrize("kind", TASKS)
def test_seeds_side_by_side_are_the_seeds_one_by_one(kind):
    """200 items in batches of 64: the last one is smaller."""
    x, columns = planted(300)
    task, recipe = TASKS[kind], LinearParams(epochs=6)
    train, val = (examples(task, x, columns, rows) for rows in (slice(200), slice(200, 300)))
    together = fit_heads(task, train, val, params=recipe, seeds=range(3))
    for seed in range(3):
        alone = naive_fit(task, train, val, recipe, seed)
        assert torch.allclose(together.heads.weight[seed], alone.weight, atol=1e-5)
        assert torch.allclose(together.heads.bias[seed], alone.bias, atol=1e-5)
    other = together.heads.weight
    assert not torch.allclose(other[0], other[1], atol=1e-3)


def naive_fit(task, train, val, recipe, seed):
    """One head as a textbook trains it; gives the one of the best epoch."""
    head = new_head(task, train.features.shape[1], train.target, seed=seed)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.lr)
    steps = recipe.epochs * -(-len(train.features) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    order = torch.Generator().manual_seed(seed)
    best, lowest = None, np.inf
    for _ in range(recipe.epochs):
        for batch in torch.randperm(len(train.features), generator=order).split(recipe.batch_size):
            optimiser.zero_grad()
            head_loss(task)(head(train.features[batch]), train.target[batch]).backward()
            optimiser.step()
            schedule.step()
        loss = head_loss(task)(head(val.features), val.target).item()
        if loss < lowest:
            best, lowest = Heads(head.weight.detach().clone(), head.bias.detach().clone()), loss
    return best


def test_a_seed_repeats_itself_and_leaves_the_global_generator_alone():
    x, columns = planted(80)
    train = examples(TASKS["regression"], x, columns)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    first, again = (
        fit_heads(TASKS["regression"], train, train, params=SHORT, seeds=(1, 2)) for _ in range(2)
    )
    assert torch.equal(first.heads.weight, again.heads.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_each_seed_keeps_the_epoch_with_its_lowest_validation_loss():
    """Against a validation target that turns the other way, learning long only makes it worse."""
    x, columns = planted(200)
    task, recipe = TASKS["regression"], LinearParams(lr=0.05, epochs=10)
    train = examples(task, x, columns)
    against = Examples(train.features, 1 - 4 * train.target)
    late, early = (fit_heads(task, train, val, params=recipe, seeds=range(2)) for val in (train, against))
    assert max(early.epochs) < min(late.epochs)
    for outputs, loss in zip(early.heads.outputs(against.features), early.losses, strict=True):
        assert float(head_loss(task)(outputs, against.target)) == pytest.approx(loss, rel=1e-5)


def test_fewer_items_than_a_batch_are_one_batch(tmp_path):
    x, columns = planted(12)
    outcomes = run(ALL, DownstreamData(write_dataset(tmp_path, columns), x), SHORT, device="cpu")
    assert [len(outcome.test.item_ids) for outcome in outcomes] == [3] * len(ALL)
    assert all(np.isfinite(outcome.test.prediction).all() for outcome in outcomes)


def test_a_regression_starts_from_the_mean_of_its_training_targets():
    """Features of zeros can only give a constant: it is the training mean from the first epoch on."""
    same = Examples(torch.zeros(30, 4), torch.full((30, 1), 7.0))
    fitted = fit_heads(TASKS["regression"], same, same, params=LinearParams(epochs=1), seeds=(0,))
    assert torch.allclose(fitted.heads.outputs(same.features), torch.tensor(7.0), atol=0.01)


def test_a_validation_loss_that_is_never_finite_is_an_error():
    good = Examples(torch.ones(20, 6), torch.ones(20, 1))
    bad = Examples(torch.full((20, 6), torch.nan), torch.ones(20, 1))
    with pytest.raises(UserError, match="never finite"):
        fit_heads(TASKS["regression"], good, bad, params=SHORT, seeds=(0,))


@pytest.mark.parametrize("params", [SHORT, CONVEX], ids=["head", "convex"])
def test_the_test_split_changes_neither_fits_nor_choices(tmp_path, params):
    """Other test images and other test targets: choices and validation predictions stay to the bit."""
    x, columns = planted(200)
    outcomes = run(ALL, DownstreamData(write_dataset(tmp_path, columns), x), params, device="cpu")
    in_test = np.arange(200) % 4 == 3
    poison = {"valence": 9.0, "side": 1, "quarter": 0, "m0": 1, "m1": 0, "s0": 0, "s1": 1}
    poisoned = {
        name: np.where(in_test, poison[name], column).astype(column.dtype) for name, column in columns.items()
    }
    turned = np.where(in_test[:, None], -x[:, ::-1], x)
    others = run(ALL, DownstreamData(write_dataset(tmp_path, poisoned), turned), params, device="cpu")
    for outcome, other in zip(outcomes, others, strict=True):
        (val, test), (other_val, other_test) = outcome.predictions, other.predictions
        assert outcome.chosen == other.chosen
        assert (val.prediction == other_val.prediction).all()
        assert (test.prediction != other_test.prediction).any()
        assert (test.target != other_test.target).any()


class Watched:
    """Features that write down the rows that are taken from them."""

    def __init__(self, features, log):
        self.features, self.log = features, log

    def __getitem__(self, rows):
        self.log.append(frozenset(np.asarray(rows).tolist()))
        return self.features[rows]


@pytest.mark.parametrize("params", [SHORT, CONVEX], ids=["head", "convex"])
def test_test_items_are_looked_at_once_after_every_fit_and_choice(tmp_path, monkeypatch, params):
    log = []
    real = linear.fit

    def watched_fit(*given, **named):
        log.append("fit")
        return real(*given, **named)

    monkeypatch.setattr(linear, "fit", watched_fit)
    x, columns = planted(60)
    run(ALL[:2], DownstreamData(write_dataset(tmp_path, columns), Watched(x, log)), params, device="cpu")
    train, val, test = (frozenset(i for i in range(60) if i % 4 in places) for places in ((0, 1), (2,), (3,)))
    assert log == [train, val, "fit", train, val, "fit", test, test]


def test_an_item_without_features_is_named(tmp_path):
    x, columns = planted(60)
    for row, value in ((0, 0.0), (2, np.nan), (3, np.inf)):  # train, val, test
        broken = x.copy()
        broken[row] = value
        with pytest.raises(UserError, match=f"zero or not finite, first 'item{row:03}'"):
            run(ALL[:1], DownstreamData(write_dataset(tmp_path, columns), broken), SHORT, device="cpu")


def test_the_length_of_features_does_not_matter(tmp_path):
    x, columns = planted(60)
    dataset = write_dataset(tmp_path, columns)
    (one,), (long,) = (
        run(ALL[:1], DownstreamData(dataset, scale * x), SHORT, device="cpu") for scale in (1, 1000)
    )
    assert np.allclose(one.test.prediction, long.test.prediction, atol=1e-5)


def test_items_without_a_target_and_excluded_test_items_are_left_out(tmp_path):
    x, columns = planted(60)
    columns["valence"] = [None if i in (4, 7) else value for i, value in enumerate(columns["valence"])]
    downstream = DownstreamData(write_dataset(tmp_path, columns), x, excluded={"item003", "item004"})
    (outcome,) = run(ALL[:1], downstream, SHORT, device="cpu")
    expected = [f"item{i:03}" for i in range(60) if i % 4 == 3 and i not in (3, 7)]
    assert outcome.test.item_ids == expected
    assert len(outcome.chosen["epochs"]) == 2


def test_an_empty_split_is_refused(tmp_path):
    x, columns = planted(60)
    dataset = write_dataset(tmp_path, columns, split=["train"] * 40 + ["test"] * 20)
    with pytest.raises(UserError, match="no items in split 'val'"):
        run(ALL[:1], DownstreamData(dataset, x), SHORT, device="cpu")


FOLD = np.arange(200) * 7 % 5
VAL_OF = np.where(np.arange(200) % 2, (FOLD - 1) % 5, -1)


def write_folds(folder, columns):
    """`write_dataset` with five folds; every split of the table itself is "test"."""
    path = write_dataset(folder, columns, split=["test"] * 200)
    table = pq.read_table(path)
    table = table.append_column("fold", pa.array(FOLD, pa.int8()))
    pq.write_table(table.append_column("val_of", pa.array(VAL_OF, pa.int8(), mask=VAL_OF < 0)), path)
    return path


@pytest.mark.parametrize("params", [SHORT, CONVEX], ids=["head", "convex"])
def test_each_item_is_predicted_once_by_what_other_folds_fit(tmp_path, params):
    """As a loop over folds does by hand, for every kind of task."""
    x, columns = planted(200)
    outcomes = run(ALL, DownstreamData(write_folds(tmp_path, columns), x), params, device="cpu")
    for outcome in outcomes:
        item_ids = [f"item{row:03}" for row in range(200)]
        assert sorted(outcome.test.item_ids) == item_ids
        (val, test), seen = outcome.predictions, 0
        unit = unit_length(x, item_ids, tmp_path)
        assert sorted(val.item_ids) == [f"item{row:03}" for row in np.flatnonzero(VAL_OF >= 0)]
        for fold, chosen in enumerate(outcome.chosen["folds"]):
            own, choosing = np.flatnonzero(fold == FOLD), np.flatnonzero(fold == VAL_OF)
            train = np.setdiff1d(np.arange(200), np.concatenate([own, choosing]))
            parts = (examples(outcome.task, unit, columns, rows) for rows in (train, choosing))
            heads, expected = linear.fit(outcome.task, *parts, params=params)
            here = slice(seen, seen + len(own))
            assert test.item_ids[here] == [f"item{row:03}" for row in own]
            known = examples(outcome.task, unit, columns, own)
            predicted = head_prediction(outcome.task)(heads.outputs(known.features)).detach().numpy()
            assert (test.prediction[:, here] == predicted).all()
            assert (test.target[here] == known.target.numpy()).all()
            assert chosen == expected
            seen += len(own)


@pytest.mark.parametrize("params", [SHORT, CONVEX], ids=["head", "convex"])
def test_what_a_fold_holds_changes_nothing_of_what_predicts_it(tmp_path, params):
    """Other targets and, of the others, other features: its predictions and choices stay to the bit."""
    x, columns = planted(200)
    clean = run(ALL, DownstreamData(write_folds(tmp_path, columns), x), params, device="cpu")
    poison = {"valence": 9.0, "side": 1, "quarter": 0, "m0": 1, "m1": 0, "s0": 0, "s1": 1}
    for fold in (0, 3):
        inside = fold == FOLD
        poisoned = {
            name: np.where(inside, poison[name], column).astype(column.dtype)
            for name, column in columns.items()
        }
        dirty = run(ALL, DownstreamData(write_folds(tmp_path, poisoned), x), params, device="cpu")
        for one, other in zip(clean, dirty, strict=True):
            assert one.test.item_ids == other.test.item_ids
            rows = [int(item.removeprefix("item")) for item in one.test.item_ids]
            own = inside[rows]
            assert (one.test.prediction[:, own] == other.test.prediction[:, own]).all()
            assert one.chosen["folds"][fold] == other.chosen["folds"][fold]
            assert (one.test.prediction[:, ~own] != other.test.prediction[:, ~own]).any()


def test_every_fold_is_looked_at_before_and_after_its_own_fit_alone(tmp_path, monkeypatch):
    """What is read for each fit: neither of its two parts has an item of the fold."""
    log = []
    real = linear.fit
    monkeypatch.setattr(linear, "fit", lambda *given, **named: log.append("fit") or real(*given, **named))
    x, columns = planted(200)
    run(ALL[:1], DownstreamData(write_folds(tmp_path, columns), Watched(x, log)), SHORT, device="cpu")
    assert [entry == "fit" for entry in log] == [False, False, True] * 5 + [False] * 5
    for fold in range(5):
        train, val, test = log[3 * fold], log[3 * fold + 1], log[15 + fold]
        assert test == frozenset(np.flatnonzero(fold == FOLD).tolist())
        assert not test & train and not test & val and not train & val
        assert train | val | test == frozenset(range(200))


def test_excluded_items_are_left_out_of_predictions_of_folds_and_stay_in_fits(tmp_path):
    x, columns = planted(200)
    dataset = write_folds(tmp_path, columns)
    (whole,) = run(ALL[:1], DownstreamData(dataset, x), SHORT, device="cpu")
    (fewer,) = run(ALL[:1], DownstreamData(dataset, x, excluded={"item003", "item004"}), SHORT, device="cpu")
    kept = [item not in ("item003", "item004") for item in whole.test.item_ids]
    assert fewer.test.item_ids == [item for item, keep in zip(whole.test.item_ids, kept, strict=True) if keep]
    assert np.allclose(fewer.test.prediction, whole.test.prediction[:, kept], atol=1e-6)
    assert fewer.chosen == whole.chosen


def test_predictions_of_seeds_are_those_of_their_heads():
    x, columns = planted(20)
    task = TASKS["hierarchical"]
    part = examples(task, x, columns)
    fitted = fit_heads(task, part, part, params=SHORT, seeds=(3, 4))
    for seed in range(2):
        outputs = part.features @ fitted.heads.weight[seed].T + fitted.heads.bias[seed]
        batched = head_prediction(task)(fitted.heads.outputs(part.features))[seed]
        assert torch.allclose(head_prediction(task)(outputs), batched, atol=1e-6)
