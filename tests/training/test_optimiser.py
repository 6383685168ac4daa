"""Parameter groups and the cosine."""

import pytest
from torch import nn

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.training.optimiser import learning_rate_factor, make_optimiser, set_learning_rates
from pacl_core.training.projectors import make_projectors
from pacl_core.training.temperature import LearnedTemperature

PARAMS = TrainParams(backbone_lr=1e-4, projector_lr=1e-2, weight_decay=0.05)


def model(backbone: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict({"backbone": backbone, "projectors": make_projectors(4, 5, 7, seed=0)})


def test_norms_and_biases_are_not_decayed() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    optimiser = make_optimiser(model(backbone), PARAMS)
    decay = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert {name: decay[id(p)] for name, p in backbone.named_parameters()} == {
        "0.weight": 0.05,
        "0.bias": 0,
        "1.weight": 0,
        "1.bias": 0,
        "2.weight": 0.05,
        "2.bias": 0,
    }


def test_each_part_has_its_rate() -> None:
    optimiser = make_optimiser(model(nn.Linear(3, 4)), PARAMS)
    assert set_learning_rates(optimiser, 0.5) == {"backbone": 5e-5, "projectors": 5e-3}
    assert {group["lr"] for group in optimiser.param_groups} == {5e-5, 5e-3}


def test_cosine_over_the_whole_run() -> None:
    factors = [learning_rate_factor(step, 8) for step in range(8)]
    assert factors[0] == 1
    assert factors[4] == pytest.approx(0.5)
    assert factors == sorted(factors, reverse=True) and 0 < factors[-1] < 0.05


def test_warm_up_is_a_line_and_then_a_cosine_of_what_is_left() -> None:
    factors = [learning_rate_factor(step, 13, warmup_steps=5) for step in range(13)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[5:] == [learning_rate_factor(step, 8) for step in range(8)]


def test_rates_fall_layer_by_layer_towards_the_input() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Linear(4, 2))
    params = PARAMS.model_copy(update={"layer_decay": 0.5})
    optimiser = make_optimiser(model(backbone), params)
    rate = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert {name: rate[id(p)] for name, p in backbone.named_parameters()} == pytest.approx(
        {"0.weight": 2.5e-5, "0.bias": 2.5e-5, "1.weight": 5e-5, "1.bias": 5e-5}
        | {"3.weight": 1e-4, "3.bias": 1e-4}
    )
    assert set_learning_rates(optimiser, 0.5) == {"backbone": 5e-5, "projectors": 5e-3}


def test_a_learned_temperature_is_not_decayed_and_has_the_projectors_rate() -> None:
    both = model(nn.Linear(3, 4))
    both["temperature"] = LearnedTemperature(0.07)
    last = make_optimiser(both, PARAMS).param_groups[-1]
    assert (last["part"], last["weight_decay"], last["lr"]) == ("temperature", 0.0, 1e-2)


def test_projectors_are_bias_free_maps_of_the_named_widths() -> None:
    projectors = make_projectors(image_dim=10, text_dim=6, dim=16, seed=3)
    assert {name: tuple(t.shape) for name, t in projectors.state_dict().items()} == {
        "image.weight": (16, 10),
        "text.weight": (16, 6),
    }
