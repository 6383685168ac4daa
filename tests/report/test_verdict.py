"""Did it work, why, what next: from the artefacts of runs that differ in one thing each."""

import json

import pytest

from pacl_core.evaluation.metrics.verdicts import Items, with_verdict
from pacl_core.report.sections.limits import limits
from pacl_core.report.sections.verdict import verdict

PARAMS = {
    "partition": {"mode": "both"},
    "pseudo_labels": {"k": 2},
    "train": {"epochs": 3, "batch_size": 64, "backbone_lr": 3e-4, "projector_warmup_steps": 100},
}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def compared(root, *changes, items=400, over="better", variants=("initial", "pacl")):
    """A task per `(low, high)` of the difference in R2 of `pacl`; `over`: what it is to the mean."""
    tasks = {}
    for number, (low, high) in enumerate(changes):
        change = with_verdict("r2", {"value": (low + high) / 2, "low": low, "high": high}, Items(items))
        entry = {"mean": 0.1, "std": None, "low": 0.0, "high": 0.2}
        r2 = {
            "variants": dict.fromkeys(variants, entry),
            "differences": {"pacl": change},
            "baselines": {"mean": {"value": 0.0, "differences": {"pacl": {"verdict": over}}}},
        }
        described = {"kind": "regression", "name": f"task{number}"}
        tasks[f"task{number}"] = {"task": described, "test_items": items, "chosen": {}, "figures": {"r2": r2}}
    one = {"dataset": "photos", "protocol": "linear", "variants": list(variants), "tasks": tasks}
    write(root / "metrics/comparison.json", [one | {"not_applicable": {}, "excluded_test_items": 0}])


def partition(root, factual=0.8, emotional=0.8, pairs=4000):
    shares = {
        "strong": 0.25,
        "partial_emotional": 0.25,
        "partial_factual": 0.25,
        "weak": 0.25,
        "partial": 0.5,
    }
    agreement = {"factual_auc": factual, "emotional_auc": emotional, "accuracy": 0.5}
    found = {"pairs": pairs, "shares": shares, "agreement": agreement if factual is not None else None}
    write(root / "metrics/partition.json", found)


@pytest.mark.parametrize(
    ("changes", "answer", "said"),
    [
        (
            [(0.01, 0.1), (-0.1, 0.1)],
            "better",
            "Yes: PACL is better than initial on task0 (R², photos, linear) (of 2 main",
        ),
        (
            [(-0.2, -0.1)],
            "worse",
            "No: PACL is worse than initial on task0 (R², photos, linear) (of 1 main result).",
        ),
        (
            [(0.01, 0.1), (-0.2, -0.1)],
            "mixed",
            "PACL is in part better than initial: better on task0 (R², photos, linear), "
            "worse on task1 (R², photos, linear) (of 2 main results).",
        ),
        (
            [(0.01, 0.1), (-0.1, 0.1), (-0.1, 0.1)],
            "mixed",
            "PACL is in part better than initial: better on task0 (R², photos, linear), "
            "no clear change on the rest (of 3 main results).",
        ),
        (
            [(-0.1, 0.1)],
            "unclear",
            "No evidence that it did: PACL shows no clear change from initial; its interval includes zero.",
        ),
    ],
)
def test_the_answer_is_by_the_paired_intervals_of_the_main_results(tmp_path, changes, answer, said):
    compared(tmp_path, *changes)
    found = verdict(tmp_path, PARAMS)
    assert found.answer == answer
    assert found.said.startswith(said)


def test_twelve_items_do_not_tell_and_cross_validation_is_next(tmp_path):
    """60 own posts, 12 test items: it was a green "better"."""
    compared(tmp_path, (0.061, 0.214), items=12)
    found = verdict(tmp_path, PARAMS | {"evaluate": {"folds": 0}})
    assert (found.answer, found.said) == ("too_few", "Not known: too few test items (12) to tell.")
    assert found.next[0].command == "dvc exp run -S evaluate.folds=5"
    assert verdict(tmp_path, PARAMS).next[0].command is None


def test_the_variant_that_is_judged_is_pacl_wherever_it_is(tmp_path):
    compared(tmp_path, (0.01, 0.1), variants=("initial", "random", "pacl"))
    assert verdict(tmp_path, PARAMS).answer == "better"


def test_nothing_compared_has_no_answer(tmp_path):
    found = verdict(tmp_path, {})
    assert (found.answer, found.why, found.next) == ("none", [], [])


def test_a_result_that_a_constant_reaches_is_a_warning(tmp_path):
    compared(tmp_path, (0.01, 0.1), over="unclear")
    assert ("Task0 is no better than the mean.", True) in verdict(tmp_path, PARAMS).why


def test_a_score_near_chance_is_a_warning_and_the_other_one_is_next(tmp_path):
    compared(tmp_path, (-0.1, 0.1))
    partition(tmp_path, emotional=0.55)
    found = verdict(tmp_path, PARAMS)
    (warning,) = [text for text, warns in found.why if warns]
    assert "factual 0.80, emotional 0.55" in warning
    assert "The emotional score hardly tells matches from mismatches" in warning
    assert found.next[0].command == "dvc exp run -S partition.mode=factual"


def test_a_threshold_of_another_scorer_is_a_warning(tmp_path):
    partition(tmp_path)
    path = tmp_path / "metrics/partition.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"warnings": ["partition.factual: set for 'lit'"]})
    )
    assert verdict(tmp_path, PARAMS).why[0] == ("partition.factual: set for 'lit'.", True)


def test_a_corpus_without_a_record_says_so(tmp_path):
    partition(tmp_path, factual=None, pairs=60)
    why = verdict(tmp_path, PARAMS).why
    assert "whether the partition is right is unknown" in why[0].text
    assert why[1] == (
        "60 pairs, which is few: strong 15, partial emotional 15, partial factual 15, weak 15.",
        True,
    )


def test_dead_training_is_a_warning_in_the_box_and_in_the_limits(tmp_path):
    """An own run had 100 % of these anchors without negatives and a loss of 0.000, unnoticed."""
    shares = {"strong": 0.0, "partial_factual": 1.0, "weak": 0.75}
    write(tmp_path / "training/metrics.json", {"without_negatives": shares})
    found = verdict(tmp_path, PARAMS)
    warnings = [text for text, warns in found.why if warns]
    assert warnings == [
        "Nothing was learnt from partial factual pairs: none of these anchors has a negative.",
        "75% of the weak anchors have no negative, and nothing was learnt from them.",
    ]
    assert found.next[0].command == "dvc exp run -S pseudo_labels.k=4"
    assert set(warnings) <= set(limits(tmp_path / "metrics", PARAMS, None))


def test_a_loss_that_the_projectors_had_solved_is_a_warning(tmp_path):
    for name, losses in (("strong", "0\t0.02\n1\t0.01"), ("weak", "2\t0.01")):
        write(tmp_path / f"training/plots/metrics/loss/{name}.tsv", f"step\t{name}\n{losses}\n")
    found = verdict(tmp_path, PARAMS)
    assert found.why == [
        (
            "Loss in the first epoch after the projectors' warm-up: strong 0.02, weak 0.01. "
            "The projectors had solved strong before the backbone learnt.",
            True,
        )
    ]
    assert "dvc exp run -S train.batch_size=256" in [step.command for step in found.next]


def test_few_posts_ask_for_more_of_them_and_not_for_a_batch_that_they_cannot_fill(tmp_path):
    compared(tmp_path, (-0.1, 0.1))
    partition(tmp_path, factual=None, pairs=60)
    write(tmp_path / "training/plots/metrics/loss/strong.tsv", "step\tstrong\n0\t0.00\n")
    found = verdict(tmp_path, PARAMS)
    assert found.next[0] == ("Train on more posts: 60 pairs are few", None)
    assert "larger batch" not in " ".join(step.text for step in found.next)


def test_few_images_are_a_warning(tmp_path):
    write(tmp_path / "models/pacl/model.json", {"training": {"images_seen": 5488}})
    compared(tmp_path, (-0.1, 0.1))
    found = verdict(tmp_path, PARAMS)
    assert ("5,488 images seen in training, which is few.", True) in found.why
    assert "dvc exp run -S train.epochs=12" in [step.command for step in found.next]


def test_a_loss_asks_for_less_change_and_never_for_more_than_three_steps(tmp_path):
    compared(tmp_path, (-0.2, -0.1))
    assert "dvc exp run -S train.backbone_lr=0.0001" in [s.command for s in verdict(tmp_path, PARAMS).next]
    partition(tmp_path, emotional=0.5)
    write(tmp_path / "training/metrics.json", {"without_negatives": {"weak": 1.0}})
    assert len(verdict(tmp_path, PARAMS).next) == 3
