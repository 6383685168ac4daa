"""Parameter groups and the cosine."""

import pytest
from torch import nn

from pacl_core.params.training import TrainParams
from pacl_core.training.optimiser import cosine, make_optimiser, set_learning_rates
from pacl_core.training.projectors import make_projectors

PARAMS = TrainParams(backbone_lr=1e-4, projector_lr=1e-2, weight_decay=0.05)


def test_norms_and_biases_are_not_decayed() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    optimiser = make_optimiser(backbone, make_projectors(2, 5, 7, seed=0), PARAMS)
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
    optimiser = make_optimiser(nn.Linear(3, 4), make_projectors(4, 5, 7, seed=0), PARAMS)
    assert set_learning_rates(optimiser, 0.5) == {"backbone": 5e-5, "projectors": 5e-3}
    assert {group["lr"] for group in optimiser.param_groups} == {5e-5, 5e-3}


def test_cosine_over_the_whole_run() -> None:
    factors = [cosine(step, 8) for step in range(8)]
    assert factors[0] == 1
    assert factors[4] == pytest.approx(0.5)
    assert factors == sorted(factors, reverse=True) and 0 < factors[-1] < 0.05


def test_projectors_are_bias_free_maps_of_the_named_widths() -> None:
    projectors = make_projectors(image_dim=10, text_dim=6, dim=16, seed=3)
    assert {name: tuple(t.shape) for name, t in projectors.state_dict().items()} == {
        "image.weight": (16, 10),
        "text.weight": (16, 6),
    }
