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


def test_frozen_statistics_of_one_process_are_used_as_they_are() -> None:
    module = norm(torch.float32).eval()
    assert torch.equal(
        world_features(module, module, 3, world=ALONE)(images(torch.float32)), module(images(torch.float32))
    )


def on_a_cpu(module: nn.Module, given: Tensor) -> Tensor:
    found: Tensor = world_features(module, module, 3, world=ALONE)(given)
    return found


def test_on_a_cpu_statistics_of_channels_last_images_are_those_of_float64() -> None:
    many = 5 + 2 * torch.randn(64, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    module, exact = norm(torch.float32), norm(torch.float64)
    last = many.to(memory_format=torch.channels_last)
    found = on_a_cpu(module, last)
    expected = exact(many.double())
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(module.running_mean.double(), exact.running_mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(module.running_var.double(), exact.running_var, rtol=1e-6, atol=0)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"track_running_stats": False}])
def test_on_a_cpu_gradients_are_torchs(options: dict[str, bool], last: bool) -> None:
    theirs = norm(torch.float64, **options)
    ours = copy.deepcopy(theirs)
    results = []
    for run, module in ((on_a_cpu, ours), (lambda module, given: module(given), theirs)):
        given = images(torch.float64)
        seen = given.to(memory_format=torch.channels_last) if last else given
        found = run(module, seen)
        found.pow(3).sum().backward()
        results.append([found, given.grad, *(one.grad for one in module.parameters())])
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-12, atol=0)


def test_on_a_cpu_layers_may_change_the_output_in_place() -> None:
    module = norm(torch.float64)
    given, other = images(torch.float64), images(torch.float64)
    found = on_a_cpu(nn.Sequential(module, nn.ReLU(inplace=True)), given)
    expected = nn.functional.relu(norm(torch.float64)(other))
    found.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(given.grad, other.grad, rtol=1e-12, atol=1e-12)


def test_on_a_cpu_the_number_of_threads_changes_no_bit() -> None:
    many = torch.randn(33, 17, 41, 43, generator=torch.Generator().manual_seed(0))
    given = many.to(memory_format=torch.channels_last).requires_grad_()
    before, seen = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        module = nn.BatchNorm2d(17)
        torch.set_num_threads(threads)
        try:
            found = on_a_cpu(module, given)
            found.square().mul(many).sum().backward()
        finally:
            torch.set_num_threads(before)
        seen.append([found, given.grad, module.weight.grad, *module.buffers()])
        given.grad = None
    for several in seen[1:]:
        assert all(torch.equal(mine, other) for mine, other in zip(several, seen[0], strict=True))


def test_on_a_cpu_half_precision_stays_so_and_adds_up_in_float32() -> None:
    many = (5 + torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(0))).bfloat16()
    module, exact = norm(torch.float32), norm(torch.float64)
    given = many.requires_grad_()
    found = on_a_cpu(module, given)
    found.float().square().sum().backward()
    expected = exact(many.double())
    assert found.dtype == given.grad.dtype == torch.bfloat16
    torch.testing.assert_close(found.double(), expected, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(module.running_mean.double(), exact.running_mean, rtol=1e-6, atol=0)


def test_on_a_cpu_one_value_per_channel_is_refused_as_by_torch() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        on_a_cpu(norm(torch.float32), torch.zeros(1, 3, 1, 1))


def test_a_share_of_none_is_no_rows_and_never_seen_by_the_backbone() -> None:
    def refuses(share: Tensor) -> Tensor:
        raise AssertionError(f"called with {len(share)} images")

    features = world_features(refuses, norm(torch.float32).eval(), 7, world=FIRST_OF_TWO)
    assert features(torch.zeros(0, 3, 8, 8)).shape == (0, 7)


def test_with_frozen_statistics_a_rank_needs_no_other() -> None:
    module = norm(torch.float32).eval()
    features = world_features(module, module, 3, world=FIRST_OF_TWO)
    assert torch.equal(features(images(torch.float32)), module(images(torch.float32)))
