"""Parameter groups, the cosine, and which layer a weight belongs to in every kind of backbone."""

import json
from pathlib import Path
from typing import Literal

import pytest
import timm
import torch
from torch import nn

from pacl_core.models.backbones import load_backbone
from pacl_core.params.models import BackboneParams
from pacl_core.params.training import Adam, Momentum, Staircase, TrainingParams
from pacl_core.training.optimiser import (
    layer_depths,
    layer_scales,
    learning_rate_factor,
    make_optimiser,
    scaling_at,
    set_learning_rates,
)
from tests.paths import SHARED
from tests.tiny_checkpoints import write_tiny_open_clip

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


def layers(module: nn.Module) -> list[set[str]]:
    depths = layer_depths(module)
    assert list(depths) == [name for name, _ in module.named_parameters()]
    found: list[set[str]] = [set() for _ in range(max(depths.values()) + 1)]
    for name, depth in depths.items():
        found[depth].add(name)
    return found


def test_timm_vit_has_a_stem_its_blocks_and_the_norm_with_the_last() -> None:
    model = timm.create_model("test_vit", num_classes=0)
    stem, *blocks = layers(model)
    assert {"cls_token", "pos_embed", "patch_embed.proj.weight"} <= stem
    assert len(blocks) == len(model.blocks)
    for number, block in enumerate(blocks):
        assert {name for name in block if not name.startswith("norm.")} == {
            f"blocks.{number}.{name}" for name, _ in model.blocks[number].named_parameters()
        }
    assert "norm.weight" in blocks[-1]


@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn", "test_convnext"])
def test_timm_convolutions_go_from_the_input_to_the_features(name: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0)
    order = list(dict.fromkeys(layer_depths(model).values()))
    assert order == sorted(order) and len(order) > 3


def test_clip_tower_has_a_stem_its_blocks_and_an_end(tmp_path: Path) -> None:
    visual = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path))).module
    stem, *blocks, end = layers(visual)
    assert stem == {"class_embedding", "positional_embedding", "conv1.weight", "ln_pre.weight", "ln_pre.bias"}
    assert len(blocks) == len(visual.transformer.resblocks)
    assert all(name.startswith("transformer.resblocks.0.") for name in blocks[0])
    assert end == {"ln_post.weight", "ln_post.bias"}


def test_efficientnet_lite0_has_a_stem_and_its_blocks_the_last_with_the_head() -> None:
    backbone = load_backbone(BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=64))
    stem, *blocks = layers(backbone.module)
    assert {name.split(".")[0] for name in stem} == {"conv_stem", "bn1"}
    assert len(blocks) == 16
    assert {name.split(".")[0] for name in blocks[-1]} == {"blocks", "conv_head", "bn2"}


def test_each_layer_has_its_power_of_the_decay() -> None:
    model = timm.create_model("test_vit", num_classes=0)
    scales, depths = layer_scales(model, 0.7), layer_depths(model)
    last = max(depths.values())
    assert scales == {name: pytest.approx(0.7 ** (last - depths[name])) for name in scales}
    assert scales["norm.weight"] == 1 and scales["cls_token"] < 1


class ByEpoch(TrainingParams):
    """A section that asks for the schedule that EmotionCLIP was trained by, and for other moments."""

    @property
    def descent(self) -> Literal["epoch"]:
        return "epoch"

    @property
    def optimiser(self) -> Adam:
        return Adam((0.9, 0.98), 1e-6)


def test_rates_by_epoch_are_those_of_the_published_scheduler() -> None:
    path = SHARED / "fixtures" / "schedule.json"
    if not path.is_file():
        pytest.skip("no fixtures next to the project")
    for step, *expected in json.loads(path.read_text())["rows"]:
        scaling = scaling_at(step, [10] * 5, ByEpoch(warmup_steps=15))
        assert [scaling(full) for full in (5e-5, 1e-8)] == pytest.approx(expected, rel=1e-7, abs=1e-20)


def test_rates_by_epoch_stay_within_an_epoch_and_fall_after_it() -> None:
    rates = [scaling_at(step, [3, 4, 2], ByEpoch())(1.0) for step in range(9)]
    assert rates[0] == 1 and len(set(rates[:3])) == len(set(rates[3:7])) == len(set(rates[7:])) == 1
    assert rates[0] > rates[3] > rates[7] > 0
    warm = [scaling_at(step, [3, 4, 2], ByEpoch(warmup_steps=4))(1.0) for step in range(9)]
    assert warm[0] == pytest.approx(1e-5) and warm[:5] == sorted(warm[:5]) and warm[4:] == rates[4:]


def test_rates_by_step_are_the_cosine() -> None:
    for step in range(9):
        found = scaling_at(step, [3, 4, 2], PARAMS.model_copy(update={"warmup_steps": 2}))(0.3)
        assert found == 0.3 * learning_rate_factor(step, 9, 2)


def test_a_part_may_have_a_rate_per_parameter_and_a_section_its_own_moments() -> None:
    optimiser = make_optimiser(
        nn.ModuleDict({"backbone": nn.Linear(3, 4)}),
        {"backbone": lambda name, parameter: 1e-8 if parameter.ndim > 1 else 5e-5},
        ByEpoch(weight_decay=0.1),
    )
    found = [(group["full_lr"], group["weight_decay"], group["betas"]) for group in optimiser.param_groups]
    assert found == [(1e-8, 0.1, (0.9, 0.98)), (5e-5, 0.0, (0.9, 0.98))]
    assert optimiser.param_groups[0]["eps"] == 1e-6
    assert set_learning_rates(optimiser, lambda full: full / 2) == {"backbone": 2.5e-5}


def test_moments_are_torchs_own_where_nothing_else_is_asked_for() -> None:
    ours = make_optimiser(nn.ModuleDict({"backbone": nn.Linear(3, 4)}), {"backbone": 1.0}, PARAMS)
    theirs = torch.optim.AdamW([nn.Parameter(torch.zeros(1))])
    assert [ours.defaults[key] for key in ("betas", "eps")] == [
        theirs.defaults[key] for key in ("betas", "eps")
    ]


class Sgd(TrainingParams):
    """A section that asks for SGD and for rates that fall to a tenth every second epoch."""

    @property
    def optimiser(self) -> Momentum:
        return Momentum(0.9)

    @property
    def descent(self) -> Staircase:
        return Staircase(2)


def test_sgd_moves_by_gradients_that_pile_up_and_decays_norms_too() -> None:
    """v <- 0.9 v + gradient + decay x weight, weight <- weight - rate x v, by hand."""
    norm = nn.LayerNorm(3).double()
    optimiser = make_optimiser(nn.ModuleDict({"head": norm}), {"head": 0.1}, Sgd(weight_decay=0.01))
    weight, speed = torch.ones(3).double(), torch.zeros(3).double()
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.01]
    for step in range(3):
        gradient = torch.tensor([1.0, -2.0, 0.5]).double() + step
        norm.weight.grad, norm.bias.grad = gradient.clone(), torch.zeros(3).double()
        optimiser.step()
        speed = 0.9 * speed + gradient + 0.01 * weight
        weight = weight - 0.1 * speed
        torch.testing.assert_close(norm.weight.detach(), weight, rtol=1e-12, atol=0)


def test_sgd_takes_a_first_gradient_that_comes_later() -> None:
    both = nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    optimiser = make_optimiser(both, {"backbone": 0.1, "head": 0.1}, Sgd(weight_decay=0))
    before = both["head"].weight.detach().clone()
    for given in (torch.zeros(1), torch.ones(1)):
        optimiser.zero_grad()
        features = both["backbone"](torch.ones(1, 2))
        (both["head"](features) if given.any() else features).sum().backward()
        optimiser.step()
    features = both["backbone"](torch.ones(1, 2)).detach()
    assert torch.isfinite(features).all() and not torch.equal(before, both["head"].weight.detach())


def test_a_staircase_falls_to_a_tenth_between_epochs() -> None:
    rates = [scaling_at(step, [3, 1, 2, 2, 1], Sgd())(0.5) for step in range(9)]
    assert rates == pytest.approx([0.5] * 4 + [0.05] * 4 + [0.005])
    warm = [scaling_at(step, [3, 1, 2, 2, 1], Sgd(warmup_steps=2))(0.5) for step in range(9)]
    assert warm == pytest.approx([0.25, 0.5, *rates[2:]])
