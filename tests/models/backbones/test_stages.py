"""Stage maps of `open_clip` and `timm`: their shapes, their place in the network."""

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.models.backbones import Backbone, load_backbone, quarters, stages_of, with_stages_of
from pacl_core.models.backbones.timm import _patch, _stages
from pacl_core.params.models import BackboneParams
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm

SHAPES: dict[str, Any] = json.loads((ROOT / "tests/methods/feng/published/stages.json").read_text())["shapes"]
SMALL = (
    "resnet18",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    pytest.param("swin_s3_tiny_224", marks=pytest.mark.slow),
)


def noise(size: int, count: int = 2) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def written(folder: Path, name: str, size: int | None = None) -> Backbone:
    return load_backbone(BackboneParams(**write_tiny_timm(folder, name), image_size=size))


@pytest.mark.parametrize("name", [name for name in SHAPES if not name.startswith("vit_base_patch32")])
def test_shapes_of_timm_are_those_of_the_published_split(name: str) -> None:
    options = {"dynamic_img_size": True} if name.startswith("vit") else {}
    with torch.device("meta"):
        model = timm.create_model(name, **options).eval()
        stages = _stages(model, name)
        assert stages is not None
        found = [list(one.shape[1:]) for one in stages(torch.zeros(1, 3, 224, 224))]
    if len(SHAPES[name][0]) == 3:
        assert found == SHAPES[name]
    else:  # channels and reduction
        assert found == [[width, 224 // by, 224 // by] for width, by in SHAPES[name]]
    assert _patch(model, name) == {"vit": 16, "swi": 4}.get(name[:3], 1)


@pytest.mark.parametrize("name", SMALL)
@torch.no_grad()
def test_other_sizes_are_taken_and_at_its_own_nothing_changes(tmp_path: Path, name: str) -> None:
    """Bit for bit: features and maps of a model that knows one size."""
    backbone = written(tmp_path, name)
    plain = timm.create_model(name, num_classes=0).eval()
    plain.load_state_dict(backbone.module.state_dict())
    images = noise(224, 1)
    assert torch.equal(backbone.module(images), plain(images))
    stages = _stages(plain, name)
    assert stages is not None
    for one, other in zip(stages_of(backbone)(images), stages(images), strict=True):
        assert torch.equal(one, other)
    for size in (32, 64, 256):
        maps = stages_of(backbone)(noise(size))
        assert len(maps) == 4
        assert backbone.module(noise(size)).shape == (2, backbone.dim)


@torch.no_grad()
def test_of_a_resnet_the_mean_of_the_last_map_is_the_features(tmp_path: Path) -> None:
    backbone = written(tmp_path, "resnet18")
    images = noise(64)
    mean = stages_of(backbone)(images)[3].mean(dim=(2, 3))
    torch.testing.assert_close(mean, backbone.module(images))


@torch.no_grad()
def test_of_a_vit_the_last_map_is_what_its_norm_gets(tmp_path: Path) -> None:
    backbone = written(tmp_path, "vit_tiny_patch16_224")
    seen: list[Tensor] = []
    backbone.module.norm.register_forward_pre_hook(lambda module, given: seen.append(given[0]))  # type: ignore[union-attr]
    backbone.module(noise(64))
    last = stages_of(backbone)(noise(64))[3]
    torch.testing.assert_close(last.flatten(2).transpose(1, 2), seen[0][:, 1:])


@torch.no_grad()
def test_a_clip_of_open_clip_has_maps_at_any_size(tmp_path: Path) -> None:
    backbone = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path)))
    visual: Any = backbone.module
    size, patch = backbone.preprocess.size, backbone.patch
    images = noise(size)
    given = visual.forward_intermediates(images, indices=None, intermediates_only=True)["image_intermediates"]
    maps = stages_of(backbone)(images)
    assert quarters(12) == [2, 5, 8, 11] and quarters(2) == [0, 0, 1, 1] and len(given) == 2
    for one, place in zip(maps, (0, 0, 1, 1), strict=True):
        torch.testing.assert_close(one, given[place])
    assert backbone.any_size is not None
    assert torch.equal(backbone.any_size(images), visual(images))
    other = noise(size + 2 * patch)
    assert stages_of(backbone)(other)[0].shape[-1] == (size + 2 * patch) // patch
    assert backbone.any_size(other).shape == (2, backbone.dim)


def test_positions_that_are_resampled_get_a_gradient(tmp_path: Path) -> None:
    backbone = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path)))
    other = noise(backbone.preprocess.size + backbone.patch)
    assert backbone.any_size is not None
    for run in (lambda: backbone.any_size(other), lambda: stages_of(backbone)(other)[3]):
        backbone.module.zero_grad()
        run().square().sum().backward()
        gradient = backbone.module.get_parameter("positional_embedding").grad
        assert gradient is not None and gradient.abs().sum() > 0


@torch.no_grad()
def test_efficientnet_lite0_has_the_last_maps_of_its_sizes() -> None:
    backbone = load_backbone(BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=112))
    maps = stages_of(backbone)(noise(112))
    assert [list(one.shape[1:]) for one in maps] == [[24, 28, 28], [40, 14, 14], [112, 7, 7], [320, 4, 4]]
    network: Any = backbone.module
    head = network.bn2(network.conv_head(maps[3]))
    torch.testing.assert_close(head.mean(dim=(2, 3)), backbone.module(noise(112)))
    for size in (24, 32, 128):
        assert len(stages_of(backbone)(noise(size))) == 4


def families(folder: Path, kind: str) -> Backbone:
    if kind == "tf_efficientnet_lite0":
        return load_backbone(BackboneParams(kind="timm", name=kind, image_size=64))
    if kind == "open_clip":
        return load_backbone(BackboneParams(**write_tiny_open_clip(folder)))
    return written(folder, kind)


@pytest.mark.parametrize(
    "kind",
    [
        "resnet18",
        "vit_tiny_patch16_224",
        "swin_tiny_patch4_window7_224",
        pytest.param("vgg11_bn", marks=pytest.mark.slow),
        "tf_efficientnet_lite0",
        "open_clip",
    ],
)
@torch.no_grad()
def test_one_pass_has_the_modules_features_and_the_maps(tmp_path: Path, kind: str) -> None:
    """Bit for bit, and in training mode statistics move once."""
    backbone = families(tmp_path, kind)
    images = noise(backbone.preprocess.size)
    features, maps = with_stages_of(backbone)(images)
    assert torch.equal(features, backbone.module(images))
    for one, other in zip(maps, stages_of(backbone)(images), strict=True):
        assert torch.equal(one, other)
    backbone.module.train()
    with_stages_of(backbone)(images)
    counts = [value for name, value in backbone.module.named_buffers() if name.endswith("batches_tracked")]
    assert all(int(count) == int(counts[0]) for count in counts)


def test_a_backbone_without_stages_names_those_that_have_them(tmp_path: Path) -> None:
    model = timm.create_model("test_convnext", pretrained=False)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    backbone = load_backbone(BackboneParams(kind="timm", name="test_convnext", weights=str(tmp_path)))
    with pytest.raises(
        UserError, match="no stage maps; take one of timm's EfficientNet, ResNet, VGG, Swin and ViT"
    ):
        stages_of(backbone)
    with pytest.raises(UserError, match="no stage maps"):
        with_stages_of(backbone)
