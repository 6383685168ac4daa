"""PACL's own sections: closed, frozen, the paper's defaults, and one way to say a threshold."""

import pytest
from pydantic import ValidationError

from pacl_core.methods.pacl import params
from pacl_core.methods.pacl.params import (
    AnpsParams,
    PartitionParams,
    RecipeParams,
    ThresholdParams,
    TrainParams,
)
from pacl_core.params.section import Section
from pacl_core.params.training import TrainingParams

NEEDED: dict[str, dict[str, object]] = {
    "FactualScoresParams": {"scorer": {"kind": "open_clip", "name": "n"}},
    "AnpsParams": {"path": "p"},
    "EmotionalScoresParams": {"text_encoder": {"kind": "minilm", "name": "n"}},
    "ThresholdParams": {"threshold": 0.0},
    "PartitionParams": {"factual": {"threshold": 0.7}, "emotional": {"share": 0.5}},
}
SECTIONS = [
    value
    for value in vars(params).values()
    if isinstance(value, type) and value.__module__ == params.__name__ and issubclass(value, Section)
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_section_is_closed_and_frozen(section: type[Section]) -> None:
    needed = NEEDED.get(section.__name__, {})
    value = section.model_validate(needed)
    with pytest.raises(ValidationError, match="extra"):
        section.model_validate(needed | {"no_such_key": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, next(iter(section.model_fields)), 1)
    # as written: a recipe has only those keys of `train` that differ
    assert section.model_validate(value.model_dump(exclude_unset=section is RecipeParams)) == value


@pytest.mark.parametrize("given", [{}, {"threshold": 0.5, "share": 0.5}, {"threshold": None, "share": None}])
def test_a_threshold_is_a_score_or_a_share_and_never_both(given: dict[str, float | None]) -> None:
    with pytest.raises(ValidationError, match="give either 'threshold' or 'share'"):
        ThresholdParams.model_validate(given)


@pytest.mark.parametrize("given", [{"threshold": 0.0}, {"share": 0.0}, {"share": 1.0, "threshold": None}])
def test_a_threshold_of_zero_is_one(given: dict[str, float | None]) -> None:
    found = ThresholdParams.model_validate(given).model_dump(exclude={"transform"}, exclude_none=True)
    assert found == {name: value for name, value in given.items() if value is not None}


def test_a_threshold_that_was_set_for_another_kind_of_model_is_named() -> None:
    """0.28 of the scorer of drawings silently made 63 % of photographs match."""
    thresholds = {
        "factual": {"threshold": 0.28, "set_for": "lit"},
        "emotional": {"threshold": 0.15, "set_for": "nade"},
    }
    params = PartitionParams.model_validate(thresholds)
    assert params.misfits({"factual": "lit", "emotional": "nade"}) == []
    assert params.misfits({"factual": "conse", "emotional": "nade"}) == [
        "partition.factual: threshold 0.28 was set for the scores of 'lit', not of 'conse'; "
        "choose it anew (docs/thresholds.md) and write that kind to set_for"
    ]


def test_a_share_and_an_unknown_origin_fit_any_model() -> None:
    thresholds = {"factual": {"share": 0.5, "set_for": "lit"}, "emotional": {"threshold": 0.15}}
    params = PartitionParams.model_validate(thresholds)
    assert params.misfits({"factual": "conse", "emotional": "hf"}) == []


@pytest.mark.parametrize("mode", ["both", "factual", "emotional", "none"])
def test_the_modes_are_those_of_table_4(mode: str) -> None:
    assert PartitionParams.model_validate({**NEEDED["PartitionParams"], "mode": mode}).mode == mode


def test_training_has_the_papers_numbers_and_no_more() -> None:
    train = TrainParams()
    assert (train.dim, train.temperature, train.batching, train.usage) == (768, 0.07, "separate", "weak")
    assert (train.backbone_lr, train.projector_lr) == (1e-3, 1e-3)
    assert not (train.temperature_learnable or train.horizontal_flip or train.random_resized_crop)
    assert (train.holdout, train.projector_warmup_steps) == (0, 0)


def test_training_keeps_the_engines_defaults() -> None:
    engine = TrainingParams().model_dump()
    assert {name: value for name, value in TrainParams().model_dump().items() if name in engine} == engine


def test_three_adjective_noun_pairs_a_post() -> None:
    assert AnpsParams(path="p").top == 3


def test_every_training_seed_fits_into_32_bits() -> None:
    assert list(TrainParams(seed=2**31 - 2, seeds=2).training_seeds) == [2**31 - 2, 2**31 - 1]
    with pytest.raises(ValueError, match="leaves no room for 'seeds'"):
        TrainParams(seed=2**31 - 1, seeds=2)
