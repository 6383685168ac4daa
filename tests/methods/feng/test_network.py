from pathlib import Path

import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.methods.feng.network import learning_network, multiple_of_patch, start_anew
from pacl_core.models.backbones import load_backbone
from pacl_core.params.feng import DescentParams
from pacl_core.params.models import BackboneParams
from pacl_core.training.distributed import ALONE
from tests.methods.feng import made
from tests.tiny_checkpoints import write_tiny_open_clip

PARAMS = DescentParams(lr=0.1)


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_vit.r160_in1k"])
def test_a_network_has_maps_and_features_of_images_of_several_sizes(tmp_path: Path, name: str) -> None:
    network = learning_network(made.backbone(tmp_path, name), PARAMS, ALONE)
    for size in (16, 32, 64):
        maps = network.stages(torch.randn(2, 3, size, size))
        assert tuple(one.shape[1] for one in maps) == network.channels
        assert network.features(torch.randn(2, 3, size, size)).shape == (2, network.dim)
    assert network.patch == {"r": 1, "v": 16}[name[5]]


def test_a_clip_has_features_at_other_sizes(tmp_path: Path) -> None:
    backbone = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path)))
    network = learning_network(backbone, PARAMS, ALONE)
    size = backbone.preprocess.size + network.patch
    assert network.features(torch.randn(2, 3, size, size)).shape == (2, backbone.dim)


def test_a_side_is_a_multiple_of_the_patch() -> None:
    assert multiple_of_patch("sr.low", 64, 16) == 64 and multiple_of_patch("sr.low", 65, 1) == 65
    with pytest.raises(
        UserError, match=r"sr\.low: 65 pixels are no multiple of the backbone's patch, 16; take 64"
    ):
        multiple_of_patch("sr.low", 65, 16)


def test_starting_anew_depends_on_the_seed_alone(tmp_path: Path) -> None:
    modules = [made.backbone(tmp_path, "test_vit.r160_in1k").module for _ in range(3)]
    with torch.no_grad():
        for parameter in modules[1].parameters():
            parameter.zero_()
    for module, seed in zip(modules, (1, 1, 2), strict=True):
        start_anew(module, seed)
    first, same, other = (module.state_dict() for module in modules)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["pos_embed"], other["pos_embed"])
    assert 0.01 < first["pos_embed"].std() < 0.03 and first["norm.weight"].eq(1).all()
