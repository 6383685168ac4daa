"""Metrics under the names, units and directions that people read."""

import pytest

from pacl_core.report.metric_labels import METRICS, main_metric, metric_label


def test_a_part_of_a_metric_keeps_its_direction():
    label = metric_label("r2_arousal")
    assert (label.text, label.better, label.percent) == ("R², arousal", "higher", False)
    assert label.rank == list(METRICS).index("r2")


def test_the_longest_known_name_counts():
    assert metric_label("accuracy_joint").text == "Accuracy, all levels right"
    assert metric_label("f1_macro_fine").text == "F1, macro, fine"


def test_a_metric_that_is_not_known_has_no_direction():
    label = metric_label("novel")
    assert (label.text, label.better) == ("novel", None)
    assert label.rank > metric_label("brier").rank


@pytest.mark.parametrize(
    ("name", "value", "shown", "signed"),
    [
        ("accuracy", 0.1234, "12.34", "+12.34"),
        ("accuracy", -0.00001, "−0.00", "0.00"),
        ("r2", -0.5, "−0.500", "−0.500"),
        ("mse_x100", 1.0, "1.000", "+1.000"),
    ],
)
def test_values_in_their_unit(name, value, shown, signed):
    assert (metric_label(name).shown(value), metric_label(name).signed(value)) == (shown, signed)


def test_a_value_that_is_not_there_is_a_dash():
    assert metric_label("auc").shown(None) == "–"


@pytest.mark.parametrize(
    ("levels", "metrics", "main"),
    [
        ([], {"r2", "pearson"}, "r2"),
        ([], {"f1_macro", "accuracy"}, "accuracy"),
        ([{"name": "coarse"}, {"name": "fine"}], {"accuracy_coarse", "accuracy_fine"}, "accuracy_fine"),
        ([], {"spearman", "pearson"}, "pearson"),
        ([], {"chebyshev"}, None),
    ],
)
def test_the_metric_that_sums_up_a_task(levels, metrics, main):
    assert main_metric({"levels": levels}, metrics) == main
