"""The parameters of a training on clips: defaults, and what they say to the engine."""

import pytest
from pydantic import ValidationError

from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.params.training import Adam, TrainingParams


def test_what_they_say_to_the_engine() -> None:
    assert TrainingParams().optimiser == Adam((0.9, 0.999), 1e-8)
    params = TrainClipsParams(schedule="epoch", betas=(0.98, 0.9))
    assert params.optimiser == Adam((0.98, 0.9), 1e-6)
    assert (TrainingParams().descent, params.descent) == ("step", "epoch")


def test_defaults() -> None:
    params = TrainClipsParams()
    assert (params.epochs, params.batch_size, params.weight_decay, params.frames) == (25, 128, 0.1, 8)
    assert params.lr.model_dump() == {"gains": 5e-5, "weights": 5e-6, "head": 5e-5}
    assert params.loss.model_dump() == {"beta": 1.0, "kl": "forward"}


@pytest.mark.parametrize(
    "given", [{"loss": {"beta": -1}}, {"crop": "image"}, {"lr": {"head": -1}}, {"betas": [0.9]}, {"tau": 1}]
)
def test_nonsense_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainClipsParams(**given)  # type: ignore[arg-type]
