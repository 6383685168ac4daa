"""Parameter groups and the cosine."""

import pytest
import torch
from torch import nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.optimiser import learning_rate_factor, make_optimiser, set_learning_rates

PARAMS = TrainingParams(weight_decay=0.05)
RATES = {"backbone": 1e-4, "projectors": 1e-2, "temperature": 1e-2}


def model(backbone: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict({"backbone": backbone, "projectors": nn.Linear(4, 7, bias=False)})


def test_norms_and_biases_are_not_decayed() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    optimiser = make_optimiser(model(backbone), RATES, PARAMS)
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
    optimiser = make_optimiser(model(nn.Linear(3, 4)), RATES, PARAMS)
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
    optimiser = make_optimiser(model(backbone), RATES, params)
    rate = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert {name: rate[id(p)] for name, p in backbone.named_parameters()} == pytest.approx(
        {"0.weight": 2.5e-5, "0.bias": 2.5e-5, "1.weight": 5e-5, "1.bias": 5e-5}
        | {"3.weight": 1e-4, "3.bias": 1e-4}
    )
    assert set_learning_rates(optimiser, 0.5) == {"backbone": 5e-5, "projectors": 5e-3}


def test_a_number_that_is_learnt_is_not_decayed() -> None:
    both = model(nn.Linear(3, 4))
    both["temperature"] = nn.ParameterList([nn.Parameter(torch.tensor(0.07))])
    last = make_optimiser(both, RATES, PARAMS).param_groups[-1]
    assert (last["part"], last["weight_decay"], last["lr"]) == ("temperature", 0.0, 1e-2)
