"""What every method of training is told: the paper's defaults, everything else off, and bounds."""

import pytest
from pydantic import ValidationError

from pacl_core.params.training import TrainingParams


def test_the_defaults_are_the_papers() -> None:
    params = TrainingParams()
    assert (params.epochs, params.batch_size, params.weight_decay) == (30, 64, 0.02)  # paper 4.2


def test_what_the_paper_does_not_do_is_off() -> None:
    params = TrainingParams()
    assert (params.layer_decay, params.clip_norm, params.ema, params.warmup_steps) == (None, None, None, 0)
    assert (params.non_finite, params.precision, params.compile) == ("stop", "float32", False)


@pytest.mark.parametrize(
    ("key", "refused", "taken"),
    [
        ("epochs", (0, 1.5), (1, 100)),
        ("batch_size", (0,), (1,)),
        ("weight_decay", (-0.1,), (0, 3)),
        ("layer_decay", (0, 1.1), (0.01, 1, None)),
        ("warmup_steps", (-1,), (0, 10)),
        ("clip_norm", (0, -1), (0.1, None)),
        ("ema", (0, 1), (0.5, None)),
        ("non_finite", ("ignore",), ("stop", "skip")),
        ("batch_norm", ("off",), ("update", "frozen")),
        ("precision", ("float16",), ("float32", "bfloat16")),
        ("seed", (-1,), (0,)),
    ],
)
def test_values_have_bounds(key: str, refused: tuple[object, ...], taken: tuple[object, ...]) -> None:
    for value in refused:
        with pytest.raises(ValidationError, match=key):
            TrainingParams.model_validate({key: value})
    for value in taken:
        assert getattr(TrainingParams.model_validate({key: value}), key) == value
