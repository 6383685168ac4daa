"""Depthwise convolutions on small maps: outputs and gradients are those of torch's."""

import copy

import pytest
import timm
import torch
from torch import nn

from pacl_core.training.depthwise import SmallMapConv2d, with_small_maps


def pair(side: int, *, bias: bool = False) -> tuple[nn.Conv2d, nn.Module]:
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 6, side, padding=side // 2, groups=6, bias=bias).double()
    return conv, with_small_maps(nn.Sequential(copy.deepcopy(conv)))


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 3), (1, 4), (7, 7)])
@pytest.mark.parametrize("bias", [False, True])
def test_gradients_are_those_of_torch(size: tuple[int, int], bias: bool) -> None:
    conv, small = pair(5, bias=bias)
    assert isinstance(small[0], SmallMapConv2d)
    found = []
    for one in (conv, small):
        torch.manual_seed(1)
        images = torch.randn(3, 6, *size, dtype=torch.float64).to(memory_format=torch.channels_last)
        images.requires_grad_()
        seen = one(images)
        seen.square().sum().backward()
        found.append([seen, images.grad, *(weight.grad for weight in one.parameters())])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


def test_half_precision_takes_torchs_own_way() -> None:
    conv, small = pair(3)
    images = torch.randn(2, 6, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(small.float()(images), conv.float()(images))


def test_other_convolutions_stay_and_weights_keep_their_names() -> None:
    network = timm.create_model("tf_efficientnet_lite0")
    before = network.state_dict()
    with_small_maps(network)
    chosen = [name for name, one in network.named_modules() if isinstance(one, SmallMapConv2d)]
    assert len(chosen) == 12 and all(name.endswith("conv_dw") for name in chosen)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())


def test_weights_that_do_not_learn_have_no_gradient() -> None:
    _, small = pair(3)
    small.requires_grad_(False)
    images = torch.randn(2, 6, 2, 2, dtype=torch.float64, requires_grad=True)
    small(images).sum().backward()
    assert images.grad is not None and small[0].weight.grad is None
