"""Charts: marks stand where their values are, and titles are escaped."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.report.charts.curves import curves
from pacl_core.report.charts.difference import difference
from pacl_core.report.charts.histogram import histogram
from pacl_core.report.charts.plane import plane
from pacl_core.report.charts.svg import Scale, element, tick_label, ticks


def marks(svg, tag, kind):
    found = ElementTree.fromstring(str(svg)).iter(tag)
    return [mark for mark in found if kind in mark.get("class", "").split()]


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, span):
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 9
    slack = 1e-6 * (abs(low) + span)
    assert all(low - slack <= tick <= low + span + slack for tick in found)


def test_a_scale_of_no_width_puts_everything_in_the_middle():
    assert Scale(3, 3, 0, 100)(3) == 50


def test_text_and_attributes_are_escaped():
    assert str(element("text", '<b> & "x"', class_='a"b')) == (
        '<text class="a&#34;b">&lt;b&gt; &amp; &#34;x&#34;</text>'
    )


def test_bars_are_as_high_as_their_counts():
    svg = histogram("t", [0.25, 0.75], unmatched=[10, 5], matched=[0, 5], threshold=0.5, name="value")
    (low, high), (top,) = marks(svg, "rect", "unmatched"), marks(svg, "rect", "matched")
    assert float(low.get("height")) == pytest.approx(2 * float(high.get("height")), abs=0.02)
    assert float(top.get("y")) + float(top.get("height")) == pytest.approx(float(high.get("y")), abs=0.02)
    (line,) = marks(svg, "line", "threshold")
    assert float(low.get("x")) < float(line.get("x1")) <= float(high.get("x")) + 0.01
    assert "threshold 0.5" in svg


def test_a_threshold_outside_the_values_is_still_drawn_inside_the_chart():
    svg = histogram("t", [0.1, 0.2], [3, 4], [0, 0], threshold=0.9, name="value")
    (line,) = marks(svg, "line", "threshold")
    assert 46 <= float(line.get("x1")) <= 390


def test_cells_take_the_colour_of_their_quadrant():
    svg = plane([0.2, 0.8, 0.2, 0.8], [0.2, 0.2, 0.8, 0.8], [1, 2, 3, 4], (0.5, 0.5), coloured=True)
    colours = re.findall(r'class="fill-(\w+)"', str(svg))
    assert colours == ["weak", "partial_factual", "partial_emotional", "strong"]
    plain = plane([0.2], [0.2], [1], (0.5, None), coloured=False)
    assert re.findall(r'class="fill-(\w+)"', str(plain)) == ["accent"]


def test_a_falling_series_falls_and_one_point_is_a_dot():
    (line,) = marks(curves("t", [("accent", [0, 1, 2], [3.0, 2.0, 1.0])], "loss"), "polyline", "line-accent")
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]
    assert len(marks(curves("t", [("weak", [0], [3.0])], "loss"), "circle", "fill-weak")) == 1


def test_an_interval_above_zero_lies_right_of_the_zero_line():
    svg = difference(0.2, 0.1, 0.3, "better")
    (zero,), (whisker,) = marks(svg, "line", "zero"), marks(svg, "line", "whisker")
    assert float(zero.get("x1")) < float(whisker.get("x1")) < float(whisker.get("x2"))


def test_labels_of_ticks_stay_short():
    assert [tick_label(value) for value in (0.25, 1200, 25_000, 5e-5, -0.5, 0)] == (
        ["0.25", "1,200", "25k", "5e−5", "−0.5", "0"]
    )
