import pytest

from pacl_core.errors import UserError
from pacl_core.params.feng import FengParams, specialist_training
from pacl_core.params.section import validated
from pacl_core.params.training import Momentum, Staircase

SECTION = {
    "sets": {"scene": "a", "anp": "b", "caption": "c"},
    "init": "weights",
    "seed": 3,
    "precision": "float32",
    **{name: {} for name in ("st", "ho", "hp", "color", "sr", "jigsaw", "caption", "distil")},
}


def section(**given: object) -> FengParams:
    return validated({**SECTION, **given}, FengParams, "feng.x")


def test_defaults_are_the_papers() -> None:
    own = section()
    assert [(one.epochs, one.step_epochs, one.batch_size) for one in (own.st, own.ho, own.hp)] == [
        (12, 4, 8),
        (30, 10, 32),
        (30, 10, 32),
    ]
    assert (own.sr.low, own.sr.high, own.jigsaw.side, own.caption.hidden) == (64, 256, 192, 512)
    training = specialist_training(own, "ho")
    assert training.optimiser == Momentum(0.9) and training.descent == Staircase(10)
    assert (training.lr, training.weight_decay, training.seed) == (0.01, 1e-4, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"st": {"tasks": ["color", "color"]}}, "st.tasks: a task is listed twice"),
        ({"st": {"tasks": ["scene"]}}, r"st.tasks.0: unknown value 'scene'"),
        ({"hp": {"tasks": []}}, "hp.tasks"),
        ({"sr": {"high": 128}}, "sr: 'high' is four times 'low': 256, not 128"),
        ({"jigsaw": {"side": 100}}, "jigsaw: 'side' is three tiles: a multiple of 3, not 100"),
        ({"jigsaw": {"gap": 64}}, "jigsaw: 'gap' is less than a tile: 64 pixels"),
    ],
)
def test_what_cannot_be_is_one_line(given: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        section(**given)


def test_every_section_is_to_be_there() -> None:
    with pytest.raises(UserError, match=r"feng\.x: color: missing"):
        validated({key: value for key, value in SECTION.items() if key != "color"}, FengParams, "feng.x")
