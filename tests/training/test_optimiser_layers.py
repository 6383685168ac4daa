"""Which layer a weight belongs to, for every kind of backbone."""

from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from pacl_core.models.backbones import load_backbone
from pacl_core.params.models import BackboneParams
from pacl_core.training.optimiser import layer_depths, layer_scales
from tests.tiny_checkpoints import write_tiny_open_clip


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


def test_efficientnet_lite_has_a_stem_its_blocks_and_a_head() -> None:
    backbone = load_backbone(
        BackboneParams(kind="efficientnet_lite", name="efficientnet_lite0", image_size=64)
    )
    stem, *blocks, head = layers(backbone.module)
    assert {name.split(".")[1] for name in stem} == {"_conv_stem", "_bn0"}
    assert len(blocks) == 16
    assert {name.split(".")[1] for name in head} == {"_conv_head", "_bn1"}


def test_each_layer_has_its_power_of_the_decay() -> None:
    model = timm.create_model("test_vit", num_classes=0)
    scales, depths = layer_scales(model, 0.7), layer_depths(model)
    last = max(depths.values())
    assert scales == {name: pytest.approx(0.7 ** (last - depths[name])) for name in scales}
    assert scales["norm.weight"] == 1 and scales["cls_token"] < 1
