"""Every backbone of the paper's tables and ablations, under its published name, with random weights."""

from pathlib import Path

import pytest
import timm
import torch

from pacl_core.models.backbones import load_backbone, stages_of
from pacl_core.models.backbones import timm as timm_kind
from pacl_core.params.models import BackboneParams


@pytest.mark.parametrize(
    ("name", "size", "dim"),
    [
        ("resnet18", 32, 512),
        ("resnet50.a1_in1k", 32, 2048),
        ("resnet101", 32, 2048),
        ("vgg16_bn", 32, 512),
        ("vgg19_bn", 32, 512),
        ("vit_base_patch16_224.augreg2_in21k_ft_in1k", 32, 768),
        ("swin_s3_base_224.ms_in1k", 64, 768),
        ("swin_base_patch4_window7_224.ms_in1k", 64, 1024),
    ],
)
def test_gives_features_and_its_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int, dim: int
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"w")  # read by what is replaced here: half a GB otherwise
    whole: dict[str, torch.Size] = {}

    def random_weights(params: BackboneParams, path: Path) -> torch.nn.Module:
        model = timm.create_model(params.name, **timm_kind._size_option(params))
        whole.update({key: tensor.shape for key, tensor in model.state_dict().items()})
        return model

    monkeypatch.setattr(timm_kind, "_with_weights", random_weights)
    weights = str(tmp_path / "model.safetensors")
    backbone = load_backbone(BackboneParams(kind="timm", name=name, weights=weights, image_size=size))
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = backbone.module(images)
    assert features.shape == (2, dim) and backbone.dim == dim
    assert torch.isfinite(features).all() and not torch.equal(features[0], features[1])
    assert {key: tensor.shape for key, tensor in backbone.state().items()} == whole
    if name.startswith("vgg"):  # Feng et al.: no fully connected layers
        with torch.no_grad():
            torch.testing.assert_close(stages_of(backbone)(images)[-1].mean(dim=(2, 3)), features)
