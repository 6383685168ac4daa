"""Variants side by side, from summaries and predictions on files."""

import json

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.comparison.variants import compare, comparison_table, results
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.baselines import baselines
from pacl_core.evaluation.metrics.intervals import bootstrap
from pacl_core.evaluation.metrics.verdicts import items_of
from pacl_core.evaluation.predictions import Predictions, write_predictions

VALENCE = Task("valence", "regression", ("valence",))
MOOD = Task("mood", "single_label", ("mood",), ("bad", "good"))
TRUTH = np.random.default_rng(0).uniform(size=(200, 1)).astype(np.float32)


def evaluated(folder, variant, noise, task=VALENCE, target=TRUTH, ids=None, protocol="linear", chosen=None):
    """What the evaluate stage leaves for a variant whose two heads miss the truth by `noise`."""
    draws = np.random.default_rng(1).normal(size=(2, *target.shape))
    prediction = target + noise * draws
    if task.kind == "single_label":
        prediction = np.clip(prediction, 0, 1)  # probabilities, as a softmax gives
        prediction = np.concatenate([1 - prediction, prediction], axis=2)
    ids = ids or [f"item{i:03}" for i in range(len(target))]
    test = Predictions(task.name, "test", ids, target, prediction.astype(np.float64))
    stem = folder / f"photos-{protocol}-{variant}"
    write_predictions(stem.with_name(f"{stem.name}.parquet"), [test])
    boot = bootstrap(task, target, prediction, count=50, seed=0)
    metrics = {}
    for name in measure(task, target, prediction[0]):
        seeds = [measure(task, target, one)[name] for one in prediction]
        if isinstance(seeds[0], str):
            metrics[name] = {"mean": None, "std": None, "low": None, "high": None, "reason": seeds[0]}
        else:
            mean = float(np.mean(seeds))
            metrics[name] = {"mean": mean, "std": float(np.std(seeds, ddof=1)), "low": mean, "high": mean}
    entry = {
        "task": task.to_json(),
        "test_items": len(target),
        "class_items": list(items_of(task, target)[1:]),
        "chosen": chosen or {"epoch": 3},
        "figures": metrics,
        "baselines": baselines(task, target, target, boot=boot, count=50),
        "details": {},
    }
    summarised(folder, variant, {task.name: entry}, protocol)


def summarised(folder, variant, tasks, protocol="linear", not_applicable=None):
    summary = {
        "dataset": "photos",
        "protocol": protocol,
        "variant": variant,
        "backbone": "resnet50.a1_in1k",
        "not_applicable": not_applicable,
        "excluded_test_items": 0 if not_applicable else 3,
        "tasks": tasks,
    }
    (folder / f"photos-{protocol}-{variant}.json").write_text(json.dumps(summary))


def test_a_better_variant_has_a_difference_above_zero(tmp_path):
    for variant, noise in (("initial", 0.3), ("pacl", 0.1), ("twin", 0.3)):
        evaluated(tmp_path, variant, noise)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl", "twin"], resamples=500)
    r2 = found["tasks"]["valence"]["figures"]["r2"]
    means = {variant: entry["mean"] for variant, entry in r2["variants"].items()}
    change = r2["differences"]["pacl"]
    assert change["value"] == pytest.approx(means["pacl"] - means["initial"])
    assert 0 < change["low"] < change["value"] < change["high"]
    assert r2["differences"]["twin"] == {
        "value": 0,
        "low": 0,
        "high": 0,
        "verdict": "unclear",
        "std_by": {"items": 0, "training_seeds": None},
        "mostly_by": None,
    }
    assert "initial" not in r2["differences"]
    assert found["backbones"]["pacl"] == "resnet50.a1_in1k"
    # the second against the later ones, too: here the third is the first over again
    assert r2["controls"] == {"twin": change}
    assert found["excluded_test_items"] == 3


def test_pairing_makes_the_interval_narrower_than_two_alone(tmp_path):
    """Two variants that miss alike, one a little more: the difference is clear, the values are not."""
    for variant, noise in (("initial", 0.30), ("pacl", 0.29)):
        evaluated(tmp_path, variant, noise)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=500)
    change = found["tasks"]["valence"]["figures"]["r2"]["differences"]["pacl"]
    assert change["low"] > 0


def test_a_variant_that_a_protocol_cannot_evaluate_has_its_reason(tmp_path):
    summarised(tmp_path, "initial", {}, "zero_shot", "no projectors")
    for variant in ("pacl", "other"):
        evaluated(tmp_path, variant, 0.2, protocol="zero_shot")
    found = compare(tmp_path, "photos", "zero_shot", variants=["initial", "pacl", "other"], resamples=100)
    assert found["not_applicable"] == {"initial": "no projectors"}
    assert all(compared["differences"] == {} for compared in found["tasks"]["valence"]["figures"].values())
    rows = comparison_table([found]).to_pylist()
    initial = [row for row in rows if row["variant"] == "initial"]
    assert len(initial) == len(rows) / 3
    assert {row["reason"] for row in initial} == {"no projectors"}
    assert all(row["mean"] is None and row["difference"] is None for row in rows if row in initial)
    assert all(row["reason"] is None and row["mean"] is not None for row in rows if row not in initial)


def test_a_protocol_that_applies_to_no_variant_is_one_row_each(tmp_path):
    for variant in ("initial", "pacl"):
        summarised(tmp_path, variant, {}, "zero_shot", "no classes")
    found = compare(tmp_path, "photos", "zero_shot", variants=["initial", "pacl"], resamples=100)
    assert [
        (row["variant"], row["task"], row["reason"]) for row in comparison_table([found]).to_pylist()
    ] == [
        ("initial", None, "no classes"),
        ("pacl", None, "no classes"),
    ]
    assert results([found], []) == {}


def test_two_variants_have_no_controls(tmp_path):
    for variant in ("initial", "pacl"):
        evaluated(tmp_path, variant, 0.3)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)
    assert all(
        set(one) == {"variants", "differences", "baselines"}
        for one in found["tasks"]["valence"]["figures"].values()
    )


def test_a_difference_of_few_labels_covers_the_draws(tmp_path):
    """Draws of another offset each: their spread is in the interval, and only where they are draws."""
    widths = {}
    for protocol, chosen in (("linear", {"epoch": 3}), ("few_shot", {"labels": 16, "draws": [{}, {}]})):
        for variant, noise in (("initial", 0.3), ("pacl", 0.1)):
            evaluated(tmp_path, variant, noise, protocol=protocol, chosen=chosen)
        found = compare(tmp_path, "photos", protocol, variants=["initial", "pacl"], resamples=500)
        change = found["tasks"]["valence"]["figures"]["mse_x100"]["differences"]["pacl"]
        widths[protocol] = change["value"], change["high"] - change["low"]
    assert widths["linear"][0] == widths["few_shot"][0]
    assert widths["linear"][1] != widths["few_shot"][1]


def test_controls_are_compared_where_the_first_variant_has_no_value(tmp_path):
    """Zero-shot: the initial model has no projectors, PACL and a control do."""
    summarised(tmp_path, "initial", {}, "zero_shot", "no projectors")
    for variant, noise in (("pacl", 0.1), ("plain", 0.3), ("random", 0.5)):
        evaluated(tmp_path, variant, noise, protocol="zero_shot")
    variants = ["initial", "pacl", "plain", "random"]
    found = compare(tmp_path, "photos", "zero_shot", variants=variants, resamples=200)
    r2 = found["tasks"]["valence"]["figures"]["r2"]
    means = {variant: entry["mean"] for variant, entry in r2["variants"].items()}
    assert r2["differences"] == {}
    for name in ("plain", "random"):
        assert r2["controls"][name]["value"] == pytest.approx(means["pacl"] - means[name])
        assert 0 < r2["controls"][name]["low"] < r2["controls"][name]["value"]
    (row,) = results([found], []).values()
    assert row["pacl_minus_plain"] == r2["controls"]["plain"]["value"]


def test_an_undefined_metric_is_empty_with_its_reason(tmp_path):
    constant = np.full((40, 1), 0.5, np.float32)
    for variant in ("initial", "pacl"):
        evaluated(tmp_path, variant, 0.1, target=constant)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)
    assert found["tasks"]["valence"]["figures"]["r2"]["differences"] == {}
    row = next(row for row in comparison_table([found]).to_pylist() if row["metric"] == "r2")
    assert row["mean"] is None
    assert "constant" in row["reason"]


def test_other_test_items_are_not_compared(tmp_path):
    evaluated(tmp_path, "initial", 0.1)
    evaluated(tmp_path, "pacl", 0.1, ids=[f"other{i}" for i in range(200)])
    with pytest.raises(UserError, match=r"pacl\.parquet: not the test items of"):
        compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)


def test_other_targets_are_not_compared(tmp_path):
    evaluated(tmp_path, "initial", 0.1)
    evaluated(tmp_path, "pacl", 0.1, target=1 - TRUTH)
    with pytest.raises(UserError, match=r"pacl\.parquet: not the test items of"):
        compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)


def test_a_missing_evaluation_is_named(tmp_path):
    with pytest.raises(UserError, match=r"photos-linear-initial\.json: missing"):
        compare(tmp_path, "photos", "linear", variants=["initial"], resamples=100)


def test_a_result_is_a_flat_row_of_the_headline_and_of_what_was_published(tmp_path):
    """Accuracy is the headline of a single label; weighted F1 is there because it was published."""
    target = (TRUTH > 0.5).astype(np.float32)
    for variant, noise in (("initial", 0.5), ("pacl", 0.3), ("twin", 0.5)):
        evaluated(tmp_path, variant, noise, MOOD, target)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl", "twin"], resamples=100)
    key = {"dataset": "photos", "protocol": "linear", "task": "mood"}
    printed = key | {"metric": "f1_weighted", "variant": "pacl", "published": 0.5, "difference": 0.1}
    rows = results([found], [printed])
    assert set(rows) == {"photos-linear-mood-accuracy", "photos-linear-mood-f1_weighted"}
    accuracy = rows["photos-linear-mood-accuracy"]
    assert accuracy["difference"] == pytest.approx(accuracy["pacl"] - accuracy["initial"])
    assert accuracy["low"] <= accuracy["difference"] <= accuracy["high"]
    assert accuracy["twin_difference"] == 0
    assert accuracy["pacl_minus_twin"] == accuracy["difference"]
    assert (accuracy["pacl_minus_twin_low"], accuracy["pacl_minus_twin_high"]) == (
        accuracy["low"],
        accuracy["high"],
    )
    assert "published_pacl" not in accuracy
    weighted = rows["photos-linear-mood-f1_weighted"]
    assert (weighted["published_pacl"], weighted["pacl_minus_published"]) == (0.5, 0.1)
    assert accuracy["baseline"] == pytest.approx(max(target.mean(), 1 - target.mean()))


def test_each_variant_is_held_to_the_baselines(tmp_path):
    target = (TRUTH > 0.5).astype(np.float32)
    for variant, noise in (("initial", 5.0), ("pacl", 0.1)):
        evaluated(tmp_path, variant, noise, MOOD, target)
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)
    accuracy = found["tasks"]["mood"]["figures"]["accuracy"]
    assert set(accuracy["baselines"]) == {"most_frequent", "chance"}
    words = {v: one["verdict"] for v, one in accuracy["baselines"]["most_frequent"]["differences"].items()}
    assert words == {"initial": "unclear", "pacl": "better"}
    rows = [row for row in comparison_table([found]).to_pylist() if row["metric"] == "accuracy"]
    assert [row["baseline"] for row in rows] == ["most_frequent"] * 2
    assert rows[1]["over_baseline"] == pytest.approx(rows[1]["mean"] - rows[1]["baseline_value"])
    assert rows[1]["over_baseline_low"] > 0
    assert [row["verdict"] for row in rows] == [None, "better"]


def test_few_items_have_no_verdict(tmp_path):
    for variant, noise in (("initial", 0.3), ("pacl", 0.01)):
        evaluated(tmp_path, variant, noise, target=TRUTH[:12])
    found = compare(tmp_path, "photos", "linear", variants=["initial", "pacl"], resamples=100)
    assert found["tasks"]["valence"]["figures"]["r2"]["differences"]["pacl"]["verdict"] == "too_few"
