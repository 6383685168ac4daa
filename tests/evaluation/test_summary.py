"""Outcomes become figures with intervals, and a summary comes back as it was written."""

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics.summary import figures, read_summary, summarise, write_summary
from pacl_core.evaluation.predictions import Outcome, Predictions, read_predictions, write_predictions

VALENCE = Task("valence", "regression", ("valence",), scale=(1, 9))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "positive"))


def of_valence(items=300, seeds=3, constant=False):
    """Predictions that err by a tenth of the targets' spread."""
    rng = np.random.default_rng(0)
    target = np.full((items, 1), 0.5) if constant else rng.random((items, 1))
    prediction = target + rng.normal(scale=0.03, size=(seeds, items, 1))
    ids = [f"item{i}" for i in range(items)]
    return Predictions("valence", "test", ids, target.astype(np.float32), prediction)


def of_polarity(items=40):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, (items, 1)).astype(np.float32)
    p = np.clip(0.1 + 0.8 * label + rng.normal(scale=0.1, size=(items, 1)), 0, 1)
    return Predictions(
        "polarity", "test", [f"item{i}" for i in range(items)], label, np.hstack([1 - p, p])[None]
    )


def test_figures_have_mean_spread_and_interval():
    r2 = figures(VALENCE, of_valence(), resamples=200)["r2"]
    assert r2["mean"] == pytest.approx(np.mean(r2["per_seed"]))
    assert r2["std"] == pytest.approx(np.std(r2["per_seed"], ddof=1))
    assert 0.9 < r2["low"] < r2["mean"] < r2["high"] < 1


def test_one_seed_has_no_spread():
    accuracy = figures(POLARITY, of_polarity(), resamples=100)["accuracy"]
    assert accuracy["mean"] == 1
    assert accuracy["std"] is None


def test_an_undefined_figure_is_null_with_its_reason(caplog):
    found = figures(VALENCE, of_valence(constant=True), resamples=100)
    assert found["r2"]["mean"] is None
    assert "constant" in found["r2"]["reason"]
    assert "r2 is undefined" in caplog.text
    assert found["mse_x100"]["mean"] > 0


def test_a_summary_comes_back_as_written(tmp_path):
    outcomes = [
        Outcome(VALENCE, [of_valence()], {"epochs": [3, 1, 2]}),
        Outcome(POLARITY, [of_polarity()], {"C": 1.0}),
    ]
    tasks = summarise(outcomes, resamples=100)
    path = tmp_path / "photos-linear-pacl.json"
    write_summary(
        path,
        "photos",
        "linear",
        variant="pacl",
        backbone="resnet50",
        not_applicable=None,
        excluded_test_items=7,
        tasks=tasks,
    )
    back = read_summary(path)
    assert back["tasks"] == {name: one | {"task": back["tasks"][name]["task"]} for name, one in tasks.items()}
    assert (back["dataset"], back["protocol"], back["variant"]) == ("photos", "linear", "pacl")
    assert (back["backbone"], back["not_applicable"], back["excluded_test_items"]) == ("resnet50", None, 7)
    valence = back["tasks"]["valence"]
    assert Task.from_json(valence["task"]) == VALENCE
    assert (valence["test_items"], valence["chosen"]) == (300, {"epochs": [3, 1, 2]})
    assert valence["figures"] == figures(VALENCE, of_valence(), 100)


def test_what_does_not_apply_says_why_and_has_no_tasks(tmp_path):
    write_summary(
        tmp_path / "s.json",
        "photos",
        "zero_shot",
        variant="initial",
        backbone="resnet50",
        not_applicable="no projector",
        excluded_test_items=0,
        tasks={},
    )
    write_predictions(tmp_path / "s.parquet", [])
    back = read_summary(tmp_path / "s.json")
    assert (back["not_applicable"], back["tasks"]) == ("no projector", {})
    with pytest.raises(UserError, match="no predictions of task 'valence'"):
        read_predictions(tmp_path / "s.parquet", "valence", "test")


@pytest.mark.parametrize(
    ("text", "message"), [(None, "missing"), ("{", "not JSON"), ('{"tasks": {}}', "not the summary")]
)
def test_a_file_that_is_no_summary_is_refused(tmp_path, text, message):
    path = tmp_path / "s.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_summary(path)


def test_predictions_come_back_as_written(tmp_path):
    parts = [of_valence(), of_polarity()]
    write_predictions(tmp_path / "p.parquet", parts)
    for part in parts:
        back = read_predictions(tmp_path / "p.parquet", part.task, "test")
        assert back.item_ids == part.item_ids
        assert (back.target == part.target).all()
        assert (back.prediction == part.prediction).all()
