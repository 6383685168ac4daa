"""A variant on a data set, on files: splits, refusals, figures, predictions, and the comparison."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation import protocol
from pacl_core.evaluation.comparison import compare, comparison_tree
from pacl_core.evaluation.linear import Recipe
from pacl_core.evaluation.predictions import read_predictions, write_predictions
from pacl_core.evaluation.protocol import run_linear, task_figures
from pacl_core.evaluation.tasks import Task, read_tasks, targets

VALENCE = Task("valence", "regression", ("valence",), None)
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "positive"))
RECIPE = Recipe(epochs=5)


def write_dataset(folder, items=60, split=None, valence=None):
    """Items whose valence the first feature decides; gives the parquet's path and the features."""
    features = np.random.default_rng(0).normal(size=(items, 8)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    valence = 0.5 + 0.3 * features[:, 0] if valence is None else valence
    columns = {
        "item_id": [f"item{i:03}" for i in range(items)],
        "split": split or [("train", "train", "val", "test")[i % 4] for i in range(items)],
        "valence": pa.array(valence, pa.float32()),
        "polarity": pa.array((features[:, 0] > 0).astype(int), pa.int32()),
    }
    path = folder / "photos.parquet"
    pq.write_table(pa.table(columns), path)
    return path, features


def test_description_becomes_tasks(tmp_path):
    task = {
        "name": "polarity",
        "kind": "single_label",
        "columns": ["polarity"],
        "classes": ["negative", "positive"],
    }
    (tmp_path / "x.json").write_text(json.dumps({"name": "x", "tasks": [task]}))
    assert read_tasks(tmp_path / "x.json") == [POLARITY]
    assert (POLARITY.outputs, VALENCE.outputs) == (2, 1)
    with pytest.raises(UserError, match=r"y\.json: missing"):
        read_tasks(tmp_path / "y.json")


@pytest.mark.parametrize(
    ("task", "value", "message"),
    [
        (VALENCE, float("nan"), "1 items have a missing or non-finite target, first 'b'"),
        (POLARITY, 2.0, r"a class index outside 0\.\.1, first 'b'"),
        (Task("d", "distribution", ("d",), ("d",)), 0.7, "do not sum to 1, first 'b'"),
    ],
)
def test_a_target_that_cannot_be_one_is_refused(task, value, message):
    table = pa.table({task.columns[0]: [1.0, value]})
    with pytest.raises(UserError, match=message):
        targets(task, table, ["a", "b"])


def test_an_empty_split_is_refused(tmp_path):
    path, features = write_dataset(tmp_path, split=["train"] * 40 + ["test"] * 20)
    with pytest.raises(UserError, match="no items in split 'val'"):
        run_linear(VALENCE, path, features, RECIPE, seeds=1)


def test_the_test_split_changes_neither_heads_nor_epochs(tmp_path):
    """Other test pictures and other test targets: validation predictions stay the same to the bit."""
    path, features = write_dataset(tmp_path)
    (val, _), epochs = run_linear(VALENCE, path, features, RECIPE, seeds=2)
    in_test = np.arange(60) % 4 == 3
    path, _ = write_dataset(tmp_path, valence=np.where(in_test, 9.0, 0.5 + 0.3 * features[:, 0]))
    (other, _), other_epochs = run_linear(
        VALENCE, path, np.where(in_test[:, None], -features, features), RECIPE, 2
    )
    assert (val.prediction == other.prediction).all()
    assert epochs == other_epochs


def test_test_items_are_predicted_after_every_head_is_fitted(tmp_path, monkeypatch):
    order = []
    for name in ("fit", "predict"):
        real = getattr(protocol, name)
        monkeypatch.setattr(
            protocol, name, lambda *given, real=real, name=name: (order.append(name), real(*given))[1]
        )
    path, features = write_dataset(tmp_path)
    run_linear(VALENCE, path, features, RECIPE, seeds=3)
    assert order == ["fit"] * 3 + ["predict"] * 6


def test_figures_have_mean_spread_and_interval(tmp_path):
    path, features = write_dataset(tmp_path, items=800)
    (_, test), _ = run_linear(VALENCE, path, features, Recipe(batch_size=16), seeds=3)
    r2 = task_figures(VALENCE, test, resamples=200)["r2"]
    assert r2["mean"] == pytest.approx(np.mean(r2["per_seed"]))
    assert r2["std"] == pytest.approx(np.std(r2["per_seed"], ddof=1))
    assert r2["low"] < r2["mean"] < r2["high"]
    assert r2["mean"] > 0.9


def test_an_undefined_figure_is_null_with_its_reason(tmp_path):
    path, features = write_dataset(tmp_path, valence=np.full(60, 0.5))
    (_, test), _ = run_linear(VALENCE, path, features, RECIPE, seeds=2)
    figures = task_figures(VALENCE, test, resamples=100)
    assert figures["r2"]["mean"] is None
    assert figures["r2"]["reason"] == "valence: the target is constant"
    assert figures["mse_x100"]["mean"] >= 0


def test_predictions_come_back_as_written(tmp_path):
    path, features = write_dataset(tmp_path)
    parts, _ = run_linear(POLARITY, path, features, RECIPE, seeds=2)
    write_predictions(tmp_path / "p.parquet", parts)
    back = read_predictions(tmp_path / "p.parquet", "polarity", "test")
    assert back.item_ids == parts[1].item_ids
    assert (back.target == parts[1].target).all()
    assert (back.prediction == parts[1].prediction).all()
    with pytest.raises(UserError, match="no predictions of task 'valence'"):
        read_predictions(tmp_path / "p.parquet", "valence", "test")


def evaluated(folder, dataset, features, variant):
    """What the evaluate stage leaves in `folder` for a variant with these features."""
    parts, _ = run_linear(VALENCE, dataset, features, Recipe(), seeds=2)
    write_predictions(folder / f"photos-linear-{variant}.parquet", parts)
    figures = {"tasks": {"valence": task_figures(VALENCE, parts[1], 500)}}
    (folder / f"photos-linear-{variant}.json").write_text(json.dumps(figures))


def test_a_better_variant_has_a_difference_above_zero(tmp_path):
    dataset, features = write_dataset(tmp_path, items=200)
    blurred = features.copy()
    blurred[:, 0] += np.random.default_rng(1).normal(scale=0.4, size=200)
    for variant, seen in (("initial", blurred), ("pacl", features), ("twin", blurred)):
        evaluated(tmp_path, dataset, seen, variant)
    variants = ["initial", "pacl", "twin"]
    rows = compare(tmp_path, "photos", "linear", variants, [VALENCE], resamples=500)
    leaf = comparison_tree(rows, variants)["photos-linear"]["valence"]["r2"]
    assert leaf["difference"] == pytest.approx(leaf["pacl"] - leaf["initial"])
    assert 0 < leaf["low"] < leaf["difference"] < leaf["high"]
    assert (leaf["twin_difference"], leaf["twin_low"], leaf["twin_high"]) == (0, 0, 0)
    assert next(row for row in rows if row["variant"] == "initial")["difference"] is None


def test_variants_of_other_test_items_are_not_compared(tmp_path):
    for variant, items in (("initial", 60), ("pacl", 64)):
        dataset, features = write_dataset(tmp_path, items=items)
        evaluated(tmp_path, dataset, features, variant)
    with pytest.raises(UserError, match=r"pacl\.parquet: not the test items of"):
        compare(tmp_path, "photos", "linear", ["initial", "pacl"], [VALENCE], resamples=100)


def test_a_missing_evaluation_is_named(tmp_path):
    with pytest.raises(UserError, match=r"photos-linear-initial\.json: missing"):
        compare(tmp_path, "photos", "linear", ["initial"], [VALENCE], resamples=100)
