"""The sections of clips: defaults of the published run, and what is refused."""

import pytest

from pacl_core.errors import UserError
from pacl_core.params.clips import ClassifierParams, ClipFilterParams, ClipsParams
from pacl_core.params.section import validated


def test_defaults_are_those_of_the_published_run() -> None:
    clips = ClipsParams(reader="youtube", path="x")
    assert (clips.image_size, clips.fps, clips.frames) == (256, 8, 16)
    rule = ClipFilterParams()
    assert (rule.min_seconds, rule.max_seconds, rule.min_text, rule.min_frames) == (2, 10, 3, 8)
    assert (rule.max_neutral, rule.min_person_share, rule.box_score) == (0.05, 0, 0.5)
    assert ClassifierParams(kind="hf_classifier", name="x").max_length == 77


def test_wrong_values_name_their_key() -> None:
    with pytest.raises(UserError, match="fps: "):
        validated({"reader": "youtube", "path": "x", "fps": 0}, ClipsParams, "params.yaml")
    with pytest.raises(UserError, match="did you mean 'frames'"):
        validated({"reader": "youtube", "path": "x", "frame": 3}, ClipsParams, "params.yaml")
