"""What a model of clips adds to CLIP: the published settings are the defaults, and nonsense is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from pacl_core.params.video_text import SubjectParams, TemporalParams


def test_defaults_are_the_published_settings() -> None:
    assert SubjectParams().model_dump() == {"kind": "sap", "coverage": "soft", "layers": None}
    expected = {"kind": "transformer", "layers": 6, "heads": 8, "width": 2048, "dropout": 0.1}
    assert TemporalParams().model_dump() == expected


@pytest.mark.parametrize(
    ("section", "given"),
    [
        (SubjectParams, {"kind": "box"}),
        (SubjectParams, {"layers": 0}),
        (TemporalParams, {"kind": "conv_1d"}),
        (TemporalParams, {"dropout": 1.0}),
    ],
)
def test_nonsense_is_refused(section: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section(**given)
