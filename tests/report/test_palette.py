"""The palette: readable in light and dark, and the same in report and explorer."""

import re

import pytest

from tests.paths import ROOT

PALETTE = ROOT / "pacl_core/report/templates/palette.css"
TEXT, MARK = 4.5, 3.0  # WCAG 2.2 AA: text, and graphical objects
PARTITIONS = ("strong", "partial_emotional", "partial_factual", "weak", "partial")
OF_TEXT = ("ink", "muted", "accent", "better", "worse", "changed")
OF_MARKS = ("second", "third", "fourth", "unmatched", "unclear", *PARTITIONS)


def colours(scheme: str) -> dict[str, str]:
    light, dark = PALETTE.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of an sRGB colour."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21_to_1():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme):
    found = colours(scheme)
    on_ground = [(name, ground) for name in OF_TEXT for ground in ("paper", "card")]
    pairs = on_ground + [("on-bar", name) for name in PARTITIONS]
    low = {pair: round(contrast(found[pair[0]], found[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < TEXT} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_of_charts_can_be_seen(scheme):
    found = colours(scheme)
    low = {(n, g): contrast(found[n], found[g]) for n in OF_MARKS for g in ("paper", "card")}
    assert {pair: value for pair, value in low.items() if value < MARK} == {}


def test_both_schemes_define_every_colour():
    light, dark = PALETTE.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    names = [re.findall(r"--([\w-]+):", part) for part in (light, dark)]
    assert sorted(names[0]) == sorted(names[1])


def test_no_other_stylesheet_has_a_colour_of_its_own():
    """But for what lies over images, and shadows."""
    allowed = {"--heat: #c2410c", "--frame: #1c2126"}
    for path in [*(ROOT / "pacl_core/report/templates").glob("*.css"), ROOT / "pacl_core/explorer/style.css"]:
        if path == PALETTE:
            continue
        screen = path.read_text(encoding="utf-8").split("@media print")[0]
        found = set(re.findall(r"[\w-]+: #[0-9a-f]{3,6}\b", screen)) - allowed
        assert found == set(), path.name
