"""Batch normalisation of one rank is torch's own; shares of none; ranks are in test_distributed.py."""

import copy

import pytest
import torch
from torch import Tensor, nn

from pacl_core.training.distributed import ALONE, World
from pacl_core.training.sync_batch_norm import _Synchronised, world_features

FIRST_OF_TWO = World(0, 2)


def norm(dtype: torch.dtype, **options: bool) -> nn.BatchNorm2d:
    module = nn.BatchNorm2d(3, momentum=0.3, dtype=dtype, **options)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.tensor([0.5, -1.0, 2.0]))
    return module


def images(dtype: torch.dtype) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (5 + 2 * torch.randn(4, 3, 2, 5, generator=generator, dtype=dtype)).requires_grad_()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"track_running_stats": False}])
def test_one_rank_normalises_as_torch_does(dtype: torch.dtype, options: dict[str, bool]) -> None:
    theirs = norm(dtype, **options)
    ours = copy.deepcopy(theirs)
    here, there = images(dtype), images(dtype)
    with _Synchronised(ALONE):
        found = ours(here)
    expected = theirs(there)
    assert found.dtype == dtype
    close = {"rtol": 1e-5, "atol": 1e-5}  # sums are float32, as torch's are on half precision
    torch.testing.assert_close(found, expected, **close)
    found.pow(3).sum().backward()
    expected.pow(3).sum().backward()
    torch.testing.assert_close(here.grad, there.grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), **close)


def test_frozen_statistics_are_left_to_torch() -> None:
    module = norm(torch.float64).eval()
    expected = module(images(torch.float64))
    with _Synchronised(ALONE):
        assert torch.equal(module(images(torch.float64)), expected)


def test_one_process_on_a_gpu_keeps_its_own_function() -> None:
    module = norm(torch.float32)
    assert world_features(module, module, 3, world=World(device="cuda")) is module


def test_on_a_cpu_statistics_of_channels_last_images_are_those_of_float64() -> None:
    many = 5 + 2 * torch.randn(64, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    module, exact = norm(torch.float32), norm(torch.float64)
    last = many.to(memory_format=torch.channels_last)
    found = world_features(module, module, 3, world=ALONE)(last)
    expected = exact(many.double())
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(module.running_mean.double(), exact.running_mean, rtol=1e-6, atol=0)


def test_a_share_of_none_is_no_rows_and_never_seen_by_the_backbone() -> None:
    def refuses(share: Tensor) -> Tensor:
        raise AssertionError(f"called with {len(share)} images")

    features = world_features(refuses, norm(torch.float32).eval(), 7, world=FIRST_OF_TWO)
    assert features(torch.zeros(0, 3, 8, 8)).shape == (0, 7)


def test_with_frozen_statistics_a_rank_needs_no_other() -> None:
    module = norm(torch.float32).eval()
    features = world_features(module, module, 3, world=FIRST_OF_TWO)
    assert torch.equal(features(images(torch.float32)), module(images(torch.float32)))
