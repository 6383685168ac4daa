"""Attention to the subject: a section only where a training on clips was looked at."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from pacl_core.files.json_csv import write_json
from pacl_core.files.tables import write_table
from pacl_core.report.images import thumbnails
from pacl_core.report.sections.attention import attention
from tests.report.test_build import Page
from tests.report.test_clips_page import page, write_clips_project

COUNTS = {"clips": 64, "held_out": 40, "clips_with_subject": 50, "frames": 256, "frames_with_subject": 190}
LAYER = {"on_subject": 0.4, "on_patches": 0.9, "above_share": 0.15, "low": 0.1, "high": 0.2}


def write(root: Path, text: str, **changed: Any) -> None:
    """Twelve layers of one frame of 2 x 2 patches; in layer n the first patch has n / 20."""
    layers = {str(number): LAYER | changed for number in range(1, 13)}
    write_json(root / "metrics/attention/sap.json", COUNTS | {"share_of_patches": 0.25, "layers": layers})
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "grey").save(stream, "JPEG")
    own = {"sample_id": "a", "frame": 3}
    maps = [
        own
        | {"layer": layer, "map": [layer / 20, 0.125, 0.0, 0.1], "on_subject": layer / 20}
        | {"share_of_patches": 0.25}
        for layer in range(1, 13)
    ]
    write_table(root / "data/attention/sap.parquet", pa.Table.from_pylist(maps))
    shown = [own | {"text": text, "image": stream.getvalue(), "boxes": [[4.0, 8.0, 16.0, 24.0]]}]
    write_table(root / "data/attention/sap_shown.parquet", pa.Table.from_pylist(shown))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made: Path = write_clips_project(tmp_path)
    return made


def test_the_map_of_the_last_layer_is_drawn_over_its_frame(root, hostile) -> None:
    write(root, hostile)
    folders = (root / "data/attention", root / "metrics/attention")
    (one,) = attention(*folders, ["sap", "later"], image=thumbnails(1.0))
    assert [row["layer"] for row in one["layers"]] == list(range(1, 13))
    (frame,) = one["shown"]
    assert (frame["on_subject"], frame["share"]) == (pytest.approx(0.6), 0.25)
    drawn = Page(str(frame["map"]))
    opacity = [float(one["fill-opacity"]) for one in drawn.all("rect") if one["class"] == "patch"]
    assert opacity == [0.6, 0.12, 0.0, 0.1]  # of four patches, an even share is a quarter
    (box,) = [one for one in drawn.all("rect") if one["class"] == "box"]
    assert [box[side] for side in ("x", "y", "width", "height")] == ["0.1250", "0.2500", "0.3750", "0.5000"]
    assert [one["class"] for one in Page(str(frame["boxes"])).all("rect")] == ["box"]


def test_the_page_says_it_and_shows_any_text_as_text(project, hostile) -> None:
    write(project, hostile)
    html = page(project)
    section = html[html.index('<section id="attention"') : html.index('<section id="run"')]
    words = Page(section).words
    assert (
        "40.0 % of the attention is on the person, who has 25.0 % of the patches: more than its share"
        in words
    )
    assert (
        "over 50 clips with 190 frames that show a marked person; of 64 clips looked at, 40 were held"
        in words
    )
    assert hostile[:40] in words and "<script>" not in section
    assert ("+15.0 [+10.0, +20.0]" in words) and len(Page(section).all("tr")) == 13
    assert "#attention" in [one.get("href") for one in Page(html).all("a")]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.2, -0.1, "less than its share"), (-0.1, 0.1, "no clear"), (None, None, "no clear")],
)
def test_what_the_interval_allows_to_say(project, low, high, said) -> None:
    write(project, "a", low=low, high=high)
    assert said in Page(page(project)).words


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"not_applicable": "no subject token"}, "No maps: no subject token."),
        ({}, "in none of 256 frames a person is marked"),
    ],
)
def test_no_maps_and_nobody_marked_are_said(project, changed, said) -> None:
    nothing = COUNTS | {"share_of_patches": None, "layers": {}}
    write_json(project / "metrics/attention/sap.json", nothing | changed)
    assert said in Page(page(project)).words


def test_where_nothing_was_looked_at_there_is_no_section(project) -> None:
    html = page(project)
    assert 'id="attention"' not in html and "#attention" not in html
