"""Charts: what they state is what they were given, texts cannot break out, and they draw."""

import json
from xml.etree import ElementTree

import pytest

from pacl_core.report.charts.clusters import flat_map, size_bars
from pacl_core.report.charts.curves import curves
from pacl_core.report.charts.histogram import histogram
from pacl_core.report.charts.learning import learning_curve
from pacl_core.report.charts.plane import plane
from pacl_core.report.charts.reliability import reliability
from pacl_core.report.charts.svg import Axis, Scale, difference, element, round_reach
from pacl_core.report.charts.vega import bundle, partition_scale, script_json

NAMES = {"strong": "S", "partial_emotional": "PE", "partial_factual": "PF", "weak": "W"}
HOSTILE = "</script><script>alert(1)</script> \u2028 \u202e javascript:alert(1)"


def marks(svg, kind):
    """The shapes of the marks of a Vega drawing, by the role that Vega gives their group."""
    groups = ElementTree.fromstring(str(svg)).iter("g")
    found = [group for group in groups if kind in group.get("class", "").split()]
    return [shape for group in found for shape in group if shape.tag != "g"]


def hand_marks(svg, tag, kind):
    found = ElementTree.fromstring(str(svg)).iter(tag)
    return [mark for mark in found if kind in mark.get("class", "").split()]


def test_a_scale_of_no_width_puts_everything_in_the_middle():
    assert Scale(3, 3, 0, 100)(3) == 50


def test_a_learning_curve_has_a_line_and_a_band_per_variant():
    points = [("initial", 16, 0.1, 0.0, 0.2), ("initial", 64, 0.3, 0.2, 0.4), (HOSTILE, 16, 0.2, None, None)]
    drawn = learning_curve("few", "Few labels", [*points, (HOSTILE, 64, 0.5, 0.4, 0.6)])
    band, line = drawn.spec["layer"]
    assert [row["value"] for row in line["data"]["values"]] == [0.1, 0.3, 0.2, 0.5]
    assert [(row["variant"], row["labels"]) for row in band["data"]["values"]] == [
        ("initial", 16), ("initial", 64), (HOSTILE, 64),
    ]  # fmt: skip
    assert line["encoding"]["x"]["axis"]["values"] == [16, 64]
    assert len(marks(drawn.svg, "mark-line")) == 2
    assert "<script" not in str(drawn.svg) and "</script" not in str(drawn.data)


def test_a_learning_curve_has_its_baseline_as_a_line_that_is_named():
    points = [("initial", 16, 0.1, 0.0, 0.2), ("initial", 64, 0.3, 0.2, 0.4)]
    drawn = learning_curve("few", "Few labels", points, baseline=("the mean", -0.2))
    rule, said = drawn.spec["layer"][2:]
    assert (rule["mark"]["type"], rule["data"]["values"]) == ("rule", [{"value": -0.2, "said": "the mean"}])
    assert said["encoding"]["text"] == {"field": "said"}
    assert "the mean" in str(drawn.svg)


def test_text_and_attributes_are_escaped():
    assert str(element("text", '<b> & "x"', class_='a"b')) == (
        '<text class="a&#34;b">&lt;b&gt; &amp; &#34;x&#34;</text>'
    )


def test_an_interval_above_zero_lies_right_of_the_zero_line():
    svg = difference(0.2, 0.1, 0.3, verdict="better", axis=Axis(0.5))
    (zero,), (whisker,) = hand_marks(svg, "line", "zero"), hand_marks(svg, "line", "whisker")
    assert float(zero.get("x1")) < float(whisker.get("x1")) < float(whisker.get("x2"))


def test_right_is_better_where_lower_values_are():
    svg = difference(-0.2, -0.3, -0.1, verdict="better", axis=Axis(0.5, turned=True))
    (zero,), (whisker,) = hand_marks(svg, "line", "zero"), hand_marks(svg, "line", "whisker")
    assert float(zero.get("x1")) < float(whisker.get("x1")) < float(whisker.get("x2"))


def test_bars_on_one_axis_have_lengths_in_proportion():
    lengths = []
    for half in (0.1, 0.2):
        (whisker,) = hand_marks(
            difference(0, -half, half, verdict="unclear", axis=Axis(0.5)), "line", "whisker"
        )
        lengths.append(float(whisker.get("x2")) - float(whisker.get("x1")))
    assert lengths[1] == pytest.approx(2 * lengths[0])


@pytest.mark.parametrize(("baseline", "where"), [(0.25, 102), (9.0, 134), (-9.0, 6), (None, None)])
def test_a_baseline_is_a_triangle_at_its_place_or_at_the_end(baseline, where):
    svg = difference(0.2, 0.1, 0.3, verdict="better", axis=Axis(0.5), baseline=baseline)
    tips = [mark.get("points").split()[-1].split(",")[0] for mark in hand_marks(svg, "polygon", "baseline")]
    assert [float(tip) for tip in tips] == ([] if where is None else [where])


def test_the_end_of_an_axis_is_a_round_number_that_nothing_exceeds():
    assert [round_reach([value]) for value in (0.0031, -0.02, 4.1, 5, 1e-9)] == [0.005, 0.02, 5, 5, 1e-9]
    assert round_reach([None, 0.0]) == 1


def test_a_histogram_has_a_bar_per_bin_and_kind_and_its_threshold():
    drawn = histogram("factual", {"value": [0.25, 0.75], "unmatched": [10, 5], "matched": [0, 5]}, 0.5)
    rows = drawn.spec["layer"][0]["data"]["values"]
    assert [(row["low"], row["high"], row["kind"], row["pairs"]) for row in rows] == [
        (0.5, 1.0, "matched", 5),
        (0.0, 0.5, "unmatched", 10),
        (0.5, 1.0, "unmatched", 5),
    ]
    assert drawn.spec["params"] == [{"name": "factual", "value": 0.5}]
    svg = drawn.svg
    assert len(marks(svg, "role-mark")) == 3 + 1
    assert "var(--accent)" in svg
    assert "var(--unmatched)" in svg


def test_a_threshold_outside_the_values_is_still_inside_the_chart():
    drawn = histogram("factual", {"value": [0.1, 0.2], "unmatched": [3, 4], "matched": [0, 0]}, 0.9)
    domain = drawn.spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert domain == [pytest.approx(0.05), 0.9]


def test_cells_take_the_colour_of_their_quadrant():
    table = {"factual_value": [0.2, 0.8, 0.2, 0.8], "emotional_value": [0.2, 0.2, 0.8, 0.8]}
    table["pairs"] = [1, 2, 3, 4]
    coloured = plane(table, {"factual": 0.5, "emotional": 0.5}, NAMES, coloured=True)
    fills = [mark.get("fill") for mark in marks(coloured.svg, "mark-rect") if mark.get("fill") != "none"]
    fills = [fill for fill in fills if fill and fill.startswith("var(--")]
    assert fills == ["var(--weak)", "var(--partial_factual)", "var(--partial_emotional)", "var(--strong)"]


def test_a_plane_without_a_threshold_has_one_line():
    table = {"factual_value": [0.2, 0.4], "emotional_value": [0.2, 0.2], "pairs": [1, 2]}
    plain = plane(table, {"factual": 0.5, "emotional": None}, NAMES, coloured=False)
    assert len(plain.spec["layer"]) == 2
    assert "var(--accent)" in plain.svg


def test_a_falling_series_falls_and_phases_are_marked():
    series = [("loss", "strong", [1, 2, 3], [3.0, 2.0, 1.0]), ("late", "weak", [3], [0.5])]
    drawn = curves("c", "t", series, phases=[(0.5, "strong"), (2.5, "+ weak")], rates=False)
    svg = drawn.svg
    (line, *_) = [mark for mark in marks(svg, "mark-line") if mark.get("stroke") == "var(--strong)"]
    points = [tuple(map(float, one.split(","))) for one in line.get("d")[1:].split("L")]
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert points[0][1] < points[-1][1]
    assert "+ weak" in svg
    assert len(curves("c", "t", series, phases=[], rates=True).spec["layer"]) == 1


def test_long_series_are_thinned():
    epochs = list(range(5000))
    drawn = curves("c", "t", [("loss", "strong", epochs, [1.0] * 5000)], phases=[], rates=False)
    assert len(drawn.spec["layer"][0]["data"]["values"]) <= 400


def test_size_bars_keep_their_order():
    rows = size_bars("s", "t", [("label 0", 3), ("label 1", 9)]).spec["data"]["values"]
    assert rows == [{"name": "label 0", "pairs": 3}, {"name": "label 1", "pairs": 9}]


def test_a_bar_of_a_calibration_chart_ends_at_its_accuracy():
    """Empty bins have no bar; the bar with most items is the darkest."""
    bins = [
        {"low": 0.0, "high": 0.5, "share": 0.25, "confidence": 0.3, "accuracy": 0.5},
        {"low": 0.5, "high": 0.9, "share": 0.75, "confidence": 0.8, "accuracy": 1.0},
        {"low": 0.9, "high": 1.0, "share": 0.0, "confidence": None, "accuracy": None},
    ]
    bars = hand_marks(reliability("t", bins), "rect", "fill-accent")
    (diagonal,) = hand_marks(reliability("t", bins), "line", "zero")
    top, floor = float(diagonal.get("y2")), float(diagonal.get("y1"))
    tops = [float(bar.get("y")) for bar in bars]
    assert tops == [pytest.approx((top + floor) / 2), pytest.approx(top)]
    assert [bar.get("fill-opacity") for bar in bars] == ["0.5", "1"]


def test_data_in_a_script_element_cannot_end_it():
    value = {"text": HOSTILE, "&": [1, None]}
    written = script_json(value)
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(float("nan"))
    assert "vegaEmbed" in bundle()


def test_partitions_have_their_own_colours():
    assert partition_scale(NAMES) == {
        "domain": ["S", "PE", "PF", "W"],
        "range": ["var(--strong)", "var(--partial_emotional)", "var(--partial_factual)", "var(--weak)"],
    }


def test_a_hostile_caption_stays_text_in_drawing_and_data():
    point = {"x": 0.0, "y": 1.0, "cluster": HOSTILE, "partition": "W", "text": HOSTILE}
    scale = {"domain": [HOSTILE], "range": ["var(--accent)"]}
    drawn = flat_map("m", "t", [point], colour="cluster", scale=scale, axes=("x", "y"))
    assert "<script" not in drawn.svg  # it is in the legend
    assert "</" not in drawn.data
    assert "\u2028" not in drawn.data
    assert json.loads(drawn.data)["data"]["values"] == [point]
