"""What `make repro` prints at its end."""

import json

import pytest

from pacl_core.cli.headline import headline

SHARES = {"strong": 0.5, "partial_emotional": 0.1, "partial_factual": 0.1, "partial": 0.2, "weak": 0.3}
PARTITION = {
    "pairs": 40,
    "shares": SHARES,
    "published_shares": {"strong": 0.22, "partial": 0.51, "weak": 0.27},
    "agreement": {"factual_auc": 0.853, "emotional_auc": 0.642, "accuracy": 0.5},
}


def write(root, path, value):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(json.dumps(value))


@pytest.fixture
def lines(tmp_path):
    """`lines(**changes)`: the lines for a run whose partition has these changes."""

    def of(**changes):
        write(tmp_path, "metrics/partition.json", PARTITION | changes)
        return headline(tmp_path)

    return of


def test_where_everything_is_and_the_shares(lines, tmp_path):
    said = lines()
    assert said[0].split() == ["report", str(tmp_path / "report/index.html")]
    assert "strong 50.0% (published 22%)" in said[2]
    assert "strong 50.0%, partial 20.0%, weak 30.0%" in lines(published_shares=None)[2]
    assert said[3].strip() == (
        "against the provenance of the pairs: AUC factual 0.853, emotional 0.642; right partition 50.0%"
    )


def test_one_provenance_has_no_auc(lines):
    """All pairs match, or none does: it used to end `make repro` with a traceback."""
    said = lines(agreement=PARTITION["agreement"] | {"factual_auc": None, "emotional_auc": None})
    assert "AUC factual undefined, emotional undefined; right partition 50.0%" in said[3]


def test_no_provenance_no_line(lines):
    assert not any("AUC" in line for line in lines(agreement=None))


def compared(tmp_path, **difference):
    change = {"value": 0.125, "low": -0.01, "high": 0.26, "verdict": "unclear"} | difference
    means = {"initial": 0.5, "pacl": 0.625}
    accuracy = {
        "variants": {
            name: {"mean": mean, "std": None, "low": None, "high": None} for name, mean in means.items()
        },
        "differences": {"pacl": change},
        "baselines": {"most_frequent": {"value": 0.6, "differences": {"pacl": {"verdict": "unclear"}}}},
    }
    task = {
        "task": {"kind": "single_label"},
        "test_items": 80,
        "chosen": {},
        "figures": {"accuracy": accuracy},
    }
    one = {"dataset": "faces", "protocol": "linear", "variants": ["initial", "pacl"], "tasks": {"mood": task}}
    write(tmp_path, "metrics/comparison.json", [one | {"not_applicable": {}, "excluded_test_items": 0}])


def test_differences_have_their_intervals_baselines_and_words(lines, tmp_path):
    compared(tmp_path)
    said = [" ".join(line.split()) for line in lines()]
    place = said.index("faces, linear: mood, Accuracy (%)")
    assert said[place + 1] == "baseline 60.00 (the most frequent class)"
    assert said[place + 2] == (
        "initial 50.00 -> pacl 62.50, +12.50 [−1.00, +26.00]: no clear change; "
        "no better than the most frequent class"
    )


def test_a_difference_says_what_makes_it_uncertain(lines, tmp_path):
    compared(tmp_path, std_by={"items": 0.06, "training_seeds": 0.02}, mostly_by="items")
    assert any(
        line.endswith("uncertain mostly by the items (6.00), less by the training seeds (2.00)")
        for line in lines()
    )


def test_few_items_have_no_verdict(lines, tmp_path):
    compared(tmp_path, verdict="too_few", reason="too few test items (12) to tell")
    said = lines()
    assert any(line.split(": ")[-1].startswith("too few test items (12) to tell") for line in said)
    assert "did it work? Not known: too few test items (12) to tell." in said


def test_an_undefined_difference_has_no_line(lines, tmp_path):
    compared(tmp_path, low=None, high=None, verdict="undefined")
    assert not any("->" in line for line in lines())


def test_the_last_lines_say_whether_it_worked_why_and_what_next(lines, tmp_path):
    compared(tmp_path)
    write(tmp_path, "training/metrics.json", {"without_negatives": {"weak": 1.0}})
    (tmp_path / "params.yaml").write_text("pseudo_labels: {k: 2}\n")
    said = lines()
    place = said.index(
        "did it work? No evidence that it did: PACL shows no clear change from initial; its "
        "interval includes zero."
    )
    assert "  ! Nothing was learnt from weak pairs: none of these anchors has a negative." in said[place:]
    assert said[-3:] == [
        "what next?",
        "  Train on more posts: 40 pairs are few",
        "  Give every anchor negatives: more clusters:  dvc exp run -S pseudo_labels.k=4",
    ]


def test_the_time_of_all_stages(lines, tmp_path):
    assert not any(line.startswith("time") for line in lines())
    for name, seconds in (("pairs", 80.0), ("evaluate@faces-pacl", 100.0)):
        took = {"seconds": seconds, "cpu_seconds": 1.0, "peak_memory_mb": 5}
        write(tmp_path, f".pacl/timings/{name}.json", took)
    assert any(line.startswith("time        3 min for all stages") for line in lines())
