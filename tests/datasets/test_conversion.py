"""Published values to targets, and every way in which a task gets none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.datasets.conversion import Converted, Problem, convert
from pacl_core.datasets.record import DatasetRecord


def record(**tasks: dict[str, object]) -> DatasetRecord:
    return DatasetRecord.model_validate(
        {"reader": "none", "tasks": tasks, "source": "-", "licence": "-", "citation": "-"}
    )


FINE = {"kind": "single_label", "column": "emotion", "classes": ["awe", "fear", "joy"]}
COARSE = {
    "kind": "single_label",
    "column": "emotion",
    "classes": ["-", "+"],
    "of": {"awe": "+", "joy": "+", "fear": "-"},
}
RATINGS = {"kind": "regression", "columns": ["v", "a"], "scale": [1, 9]}
VOTES = {"kind": "distribution", "columns": ["x", "y", "z"]}
MARKS = {"kind": "multi_label", "columns": ["m", "n"]}


def reasons(found: Converted) -> list[tuple[str, str]]:
    return [(problem.task, problem.reason) for problem in found.problems]


def test_labels_become_indices_of_each_task() -> None:
    levels = record(coarse=COARSE, fine=FINE, both={"kind": "hierarchical", "levels": ["coarse", "fine"]})
    assert convert({"emotion": "joy"}, levels).targets == {"coarse": 1, "fine": 2}
    assert convert({"emotion": "fear"}, levels).targets == {"coarse": 0, "fine": 1}


def test_a_label_outside_the_list_is_named() -> None:
    found = convert({"emotion": "bliss"}, record(fine=FINE, coarse=COARSE))
    assert not found.usable
    assert found.problems == (
        Problem("fine", "unknown_label", "'bliss'"),
        Problem("coarse", "unknown_label", "'bliss'"),
    )


@pytest.mark.parametrize("value", [None, "", math.nan])
def test_no_label_is_no_problem(value: object) -> None:
    assert convert({"emotion": value}, record(fine=FINE)) == Converted({"fine": None}, ())  # type: ignore[dict-item]


DIGITS = {"kind": "single_label", "column": "emotion", "classes": ["1", "2", "12"]}
TRUTHS = {"kind": "single_label", "column": "emotion", "classes": ["false", "true"]}
GRADES = {
    "kind": "single_label",
    "column": "emotion",
    "classes": ["low", "high"],
    "of": {"1": "low", "2": "high"},
}


@pytest.mark.parametrize("value", [12, 12.0, "12", "12.0", "12."])
def test_whole_numbers_that_became_floats_are_their_class(value: object) -> None:
    assert convert({"emotion": value}, record(e=DIGITS)).targets == {"e": 2}  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [True, 1, 1.0, "True", "TRUE", "true", "1", "1.0"])
def test_booleans_are_their_class(value: object) -> None:
    assert convert({"emotion": value}, record(e=TRUTHS)).targets == {"e": 1}  # type: ignore[dict-item]
    assert convert({"emotion": value}, record(e=GRADES)).targets == {"e": 0}  # type: ignore[dict-item]


def test_composed_and_decomposed_labels_are_one() -> None:
    task = {"kind": "single_label", "column": "emotion", "classes": ["fiert\u00e9", "joie"]}
    assert convert({"emotion": "fierte\u0301"}, record(e=task)).targets == {"e": 0}


def test_a_hierarchy_needs_every_level() -> None:
    coarse = COARSE | {"column": "polarity", "of": {"awe": "+", "joy": "+", "fear": "-"}}
    levels = record(coarse=coarse, fine=FINE, both={"kind": "hierarchical", "levels": ["coarse", "fine"]})
    found = convert({"emotion": "joy"}, levels)
    assert found.targets == {"coarse": None, "fine": None}
    assert found.problems == (Problem("both", "incomplete", "no class at coarse"),)


def test_ratings_are_scaled_to_one() -> None:
    assert convert({"v": 1.0, "a": "7"}, record(r=RATINGS)).targets == {"v": 0.0, "a": 0.75}


@pytest.mark.parametrize(
    ("v", "a", "expected"),
    [
        (9.01, 5.0, [("r", "out_of_scale")]),
        (0.0, 5.0, [("r", "out_of_scale")]),
        (5.0, None, [("r", "incomplete")]),
        (5.0, math.nan, [("r", "incomplete")]),
        (5.0, "five", [("r", "not_a_number")]),
        (None, math.nan, []),
        (math.inf, "", []),
    ],
)
def test_ratings_that_cannot_be_used(v: object, a: object, expected: list[tuple[str, str]]) -> None:
    found = convert({"v": v, "a": a}, record(r=RATINGS))  # type: ignore[dict-item]
    assert found.targets == {"v": None, "a": None}
    assert reasons(found) == expected


def test_votes_become_shares() -> None:
    assert convert({"x": 3, "y": "1", "z": 0.0}, record(d=VOTES)).targets == {"x": 0.75, "y": 0.25, "z": 0}
    assert reasons(convert({"x": 0, "y": 0, "z": 0}, record(d=VOTES))) == [("d", "no_votes")]
    assert reasons(convert({"x": 2, "y": -1, "z": 0}, record(d=VOTES))) == [("d", "negative_share")]
    assert reasons(convert({"x": 2, "y": None, "z": 0}, record(d=VOTES))) == [("d", "incomplete")]


def test_marks_are_nought_or_one_and_what_is_not_written_is_nought() -> None:
    for yes in (1, 1.0, True, "1", "1.0", "True", "true"):
        assert convert({"m": yes, "n": None}, record(c=MARKS)).targets == {"m": 1, "n": 0}
    assert convert({"m": "0", "n": 0.0}, record(c=MARKS)).targets == {"m": 0, "n": 0}
    for no in (0, 0.0, False, "0", "0.0", "False", "", None, math.nan):
        assert convert({"m": no, "n": 1}, record(c=MARKS)).targets == {"m": 0, "n": 1}
    assert convert({"m": None, "n": math.nan}, record(c=MARKS)).targets == {"m": None, "n": None}
    assert convert({"m": None}, record(c=MARKS)) == Converted({"m": None, "n": None}, ())
    assert reasons(convert({"m": "yes", "n": 0}, record(c=MARKS))) == [("c", "not_a_mark")]


def test_one_task_can_fail_alone() -> None:
    found = convert({"emotion": "awe", "v": 20.0, "a": 5.0}, record(fine=FINE, r=RATINGS))
    assert found.usable and found.targets == {"fine": 0, "v": None, "a": None}
    assert reasons(found) == [("r", "out_of_scale")]


CAPTION = {"kind": "caption", "column": "said"}


def test_a_caption_is_its_text_whatever_its_length_and_language() -> None:
    for text in ("a dog", "sie weint vor Glück", "彼女は泣いている", "word " * 10_000 + "end"):
        assert convert({"said": f" {text}\n"}, record(c=CAPTION)).targets == {"c": text}
    assert convert({"said": "a\ud83d\0b"}, record(c=CAPTION)).targets == {"c": "a\\ud83d\\x00b"}
    assert convert({"said": None}, record(c=CAPTION)) == Converted({"c": None}, ())
    assert reasons(convert({"said": " \n"}, record(c=CAPTION))) == [("c", "empty_caption")]
    assert reasons(convert({"said": 3.5}, record(c=CAPTION))) == [("c", "not_a_text")]


VALUES = st.one_of(
    st.none(), st.floats(), st.integers(-3, 12), st.text("01.9-einf ajoy", max_size=4), st.booleans()
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["emotion", *"vaxyzmn"], VALUES)))
def test_any_values_give_whole_targets_in_range_or_none(values: dict[str, object]) -> None:
    everything = record(fine=FINE, coarse=COARSE, r=RATINGS, d=VOTES, c=MARKS)
    found = convert(values, everything).targets  # type: ignore[arg-type]
    for columns in (["v", "a"], ["x", "y", "z"], ["m", "n"]):
        group = [found[column] for column in columns]
        assert all(value is None for value in group) or all(
            value is not None and 0 <= value <= 1 for value in group
        )
    shares = [found[column] for column in "xyz"]
    if shares[0] is not None:
        assert math.fsum(share or 0 for share in shares) == pytest.approx(1)
    assert found["fine"] in (None, 0, 1, 2)
