"""Probabilities over time are drawn where they belong."""

import io
import re

import pytest
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.inference.timeline import draw_timeline, timeline_writer

SPANS = [
    {"path": path, "start": start, "end": start + 2.0, "emotions": {"joy": joy, "fear": 1 - joy}}
    for path in ("a.mp4", "b & c.mp4")
    for start, joy in ((0.0, 0.25), (2.0, 0.75))
]


def test_svg_has_a_line_per_class_and_video(tmp_path):
    draw_timeline(tmp_path / "t.svg", SPANS, ["joy", "fear"])
    drawn = (tmp_path / "t.svg").read_text(encoding="utf-8")
    assert all(word in drawn for word in ("joy", "fear", "seconds", "probability", "a.mp4", "b &amp; c.mp4"))
    lines = re.findall(r'aria-roledescription="line mark"', drawn)
    assert len(lines) == 4
    first = drawn
    draw_timeline(tmp_path / "t.svg", SPANS, ["joy", "fear"])
    assert (tmp_path / "t.svg").read_text(encoding="utf-8") == first


def test_png(tmp_path):
    draw_timeline(tmp_path / "t.png", SPANS[:2], ["joy", "fear"])
    with Image.open(io.BytesIO((tmp_path / "t.png").read_bytes())) as image:
        assert image.format == "PNG" and image.width > 1400
        assert len(image.convert("RGB").resize((200, 60)).getcolors(12_000)) > 10


def test_images_and_errors_have_no_time_and_nothing_else_is_no_plot(tmp_path):
    with timeline_writer(tmp_path / "t.svg", ["joy", "fear"]) as write:
        for answer in (SPANS[0], {"path": "i.png", "emotions": {"joy": 1.0, "fear": 0.0}}):
            write(answer)
        write({"path": "x.mp4", "error": "empty", "detail": "0 bytes"})
    assert "i.png" not in (tmp_path / "t.svg").read_text(encoding="utf-8")
    with (
        pytest.raises(UserError, match="no video could be read"),
        timeline_writer(tmp_path / "u.svg", ["joy", "fear"]) as write,
    ):
        write({"path": "x.mp4", "error": "empty", "detail": "0 bytes"})
    assert [path.name for path in tmp_path.iterdir()] == ["t.svg"]
