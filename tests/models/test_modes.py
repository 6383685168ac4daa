"""Training with frozen BatchNorm: gradients of evaluation mode, from the weights as they are."""

from typing import Any

import pytest
import timm
import torch
from torch import nn

from pacl_core.models.backbones import feature_dim
from pacl_core.models.modes import training_mode

SMALL = {"embed_dim": (16, 32, 48), "num_heads": (2, 2, 2), "depth": (1, 1, 1), "key_dim": 8, "img_size": 64}
# tiny instances of timm's families that cache attention biases, of one with dropout and of a plain one
FAMILIES: dict[str, tuple[int, dict[str, Any]]] = {
    "levit_128s": (64, SMALL),
    "levit_conv_128s": (64, SMALL),
    "tiny_vit_5m_224": (
        224,
        {
            "embed_dims": (16, 32, 32, 32),
            "depths": (1, 1, 1, 1),
            "num_heads": (1, 2, 2, 2),
            "drop_path_rate": 0.5,
        },
    ),
    "efficientformer_l1": (224, {"depths": (1, 1, 1, 2), "embed_dims": (16, 16, 32, 32), "num_vit": 1}),
    "efficientformerv2_s0": (64, {"depths": (1, 1, 1, 2), "embed_dims": (16, 16, 32, 32), "img_size": 64}),
    "efficientvit_m0": (
        64,
        {
            "embed_dim": (32, 32, 32),
            "depth": (1, 1, 1),
            "num_heads": (2, 2, 2),
            "img_size": 64,
            "window_size": (2, 2, 2),
            "key_dim": (8, 8, 8),
        },
    ),
    "test_vit": (160, {"drop_rate": 0.5, "attn_drop_rate": 0.5}),
    "test_resnet": (64, {"drop_path_rate": 0.5}),
}


def create(family: str) -> nn.Module:
    _, options = FAMILIES[family]
    torch.manual_seed(0)
    module: nn.Module = timm.create_model(family, num_classes=0, **options)
    for name, parameter in module.named_parameters():
        if "bias" in name:  # position biases begin with zero in some
            nn.init.normal_(parameter, std=0.5)
    return module


def fresh(family: str, like: nn.Module) -> nn.Module:
    """Another instance with the same weights, in evaluation mode: it never ran."""
    module = create(family)
    module.load_state_dict(like.state_dict())
    return module.eval()


def images(family: str) -> torch.Tensor:
    size, _ = FAMILIES[family]
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_steps_have_the_gradients_of_evaluation_mode(family: str) -> None:
    module, batch = create(family), images(family)
    feature_dim(module.eval(), FAMILIES[family][0])  # as when it is loaded
    statistics = {name: value.clone() for name, value in module.named_buffers()}
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
    training_mode(module, "frozen")
    for step in range(3):
        reference = fresh(family, module)
        reference(batch).square().sum().backward()
        optimiser.zero_grad()
        features = module(batch)
        features.square().sum().backward()
        expected = dict(reference.named_parameters())
        for name, parameter in module.named_parameters():
            assert torch.equal(parameter.grad, expected[name].grad), name
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        if step:  # and after some steps the weights as they are now are evaluated
            module.eval()
            with torch.no_grad():
                assert torch.equal(module(batch), fresh(family, module)(batch))
            training_mode(module, "frozen")
    assert all(torch.equal(value, statistics[name]) for name, value in module.named_buffers())


@pytest.mark.parametrize("family", FAMILIES)
def test_updating_is_training_mode(family: str) -> None:
    module = training_mode(training_mode(create(family), "frozen"), "update")
    assert all(part.training for part in module.modules())
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    training_mode(module, "frozen")
    assert not any(norm.training for norm in norms)


def test_what_a_forward_kept_is_dropped_when_a_backbone_is_measured() -> None:
    module = create("levit_128s").eval()
    feature_dim(module, 64)
    caches = [part.attention_bias_cache for part in module.modules() if hasattr(part, "attention_bias_cache")]
    assert caches and not any(caches)
