"""Variants that were trained several times, side by side: both sources of variance, and which is larger."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.comparison.variants import compare, comparison_table
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.intervals import BCA_BELOW, resamples
from pacl_core.evaluation.metrics.summary import summarise
from pacl_core.evaluation.predictions import Outcome, Predictions, write_predictions
from pacl_core.evaluation.summary_file import Evaluation, write_summary

VALENCE = Task("valence", "regression", ("valence",))
COUNT = 80
IDS = [f"item{number:04}" for number in range(BCA_BELOW)]
TRUTH = np.random.default_rng(0).uniform(size=(BCA_BELOW, 1)).astype(np.float32)


def evaluated(folder: Path, variant: str, noises: tuple[float, ...], seed: int = 1) -> Predictions:
    """What the stages evaluate and measure leave of a variant with two heads for each training's noise."""
    draws = np.random.default_rng(seed).normal(size=(2 * len(noises), *TRUTH.shape))
    prediction = TRUTH + np.repeat(noises, 2)[:, None, None] * draws
    test = Predictions("valence", "test", IDS, TRUTH, prediction)
    if len(noises) > 1:
        test = replace(test, training_seeds=tuple(range(len(noises))))
    write_predictions(folder / f"photos-linear-{variant}.parquet", [test])
    evaluation = Evaluation(
        dataset="photos",
        protocol="linear",
        variant=variant,
        backbone="resnet50",
        not_applicable=None,
        excluded_test_items=0,
    )
    tasks = summarise([Outcome(VALENCE, [test], {})], COUNT, {"valence": TRUTH})
    write_summary(folder / f"photos-linear-{variant}.json", evaluation, tasks)
    return test


def compared(folder: Path, *variants: str) -> dict[str, Any]:
    found = compare(folder, "photos", "linear", variants=variants, resamples=COUNT)
    r2: dict[str, Any] = found["tasks"]["valence"]["figures"]["r2"]
    (row,) = [
        row
        for row in comparison_table([found]).to_pylist()
        if row["metric"] == "r2" and row["variant"] == variants[1]
    ]
    change = r2["differences"][variants[1]]
    assert [row["std_by_items"], row["std_by_training_seeds"]] == list(change["std_by"].values())
    return r2


def test_a_difference_is_that_of_a_naive_loop(tmp_path: Path) -> None:
    initial = evaluated(tmp_path, "initial", (0.3,))
    pacl = evaluated(tmp_path, "pacl", (0.2, 0.25, 0.28), seed=2)
    change = compared(tmp_path, "initial", "pacl")["differences"]["pacl"]

    def mean(of: Predictions, rows: Any) -> list[float]:
        found = [measure(VALENCE, of.target[rows], one[rows])["r2"] for one in of.prediction]
        return [float(np.mean(pair)) for pair in np.reshape(found, (-1, 2))]

    everyone = np.arange(len(IDS))
    trained = mean(pacl, everyone)
    assert change["value"] == pytest.approx(np.mean(trained) - mean(initial, everyone)[0])
    of_seeds = stats.sem(trained)
    naive = []
    for counts in np.concatenate(list(resamples(len(IDS), COUNT, seed=0))):
        rows = np.repeat(everyone, counts.astype(int))
        naive.append(np.mean(mean(pacl, rows)) - mean(initial, rows)[0])
    assert change["std_by"] == pytest.approx(
        {"items": np.std(naive, ddof=1), "training_seeds": of_seeds}, rel=1e-6
    )
    assert change["mostly_by"] == "training_seeds"
    order = np.random.default_rng((0x5EED, 0)).permutation(COUNT)
    naive = naive + of_seeds * stats.t.ppf((order + 0.5) / COUNT, 2)
    assert [change["low"], change["high"]] == pytest.approx(list(np.quantile(naive, [0.025, 0.975])))


def test_equal_trainings_leave_it_to_the_items(tmp_path: Path) -> None:
    evaluated(tmp_path, "initial", (0.5,))
    evaluated(tmp_path, "pacl", (0.2, 0.2, 0.2))
    change = compared(tmp_path, "initial", "pacl")["differences"]["pacl"]
    assert change["mostly_by"] == "items"
    assert change["std_by"]["training_seeds"] < change["std_by"]["items"]
    assert change["verdict"] == "better"


def test_trainings_that_disagree_take_the_verdict_away(tmp_path: Path) -> None:
    """Each is clearly better or worse by items alone; a second training may go the other way."""
    evaluated(tmp_path, "initial", (0.3,))
    evaluated(tmp_path, "pacl", (0.1, 0.4, 0.28), seed=2)
    evaluated(tmp_path, "lucky", (0.1,), seed=2)
    found = compared(tmp_path, "initial", "pacl", "lucky")["differences"]
    assert (found["lucky"]["verdict"], found["pacl"]["verdict"]) == ("better", "unclear")


def test_of_one_training_what_the_seed_changes_is_unknown(tmp_path: Path) -> None:
    evaluated(tmp_path, "initial", (0.3,))
    evaluated(tmp_path, "pacl", (0.2, 0.25), seed=2)
    evaluated(tmp_path, "plain", (0.25,), seed=3)
    r2 = compared(tmp_path, "initial", "pacl", "plain")
    assert r2["differences"]["pacl"]["std_by"]["training_seeds"] > 0
    assert r2["variants"]["pacl"]["per_training_seed"].keys() == {"0", "1"}
    for change in (r2["differences"]["plain"], r2["controls"]["plain"]):
        assert change["std_by"]["training_seeds"] is None and change["std_by"]["items"] > 0
        assert change["mostly_by"] is None
    assert "per_training_seed" not in r2["variants"]["plain"]
