"""The backbone as training runs it: pieces, modes and precision."""

import weakref

import pytest
import torch
from torch import nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import ALONE
from pacl_core.training.forward import CPU_PIECE, backbone_features, learning, one_forward

FROZEN, UPDATE = TrainingParams(batch_norm="frozen"), TrainingParams(batch_norm="update")
IMAGES = torch.randn(2 * CPU_PIECE + 5, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def backbone(params: TrainingParams) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layers = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(16, 6))
    module = nn.Sequential(*layers).eval().requires_grad_(False)
    return learning(module, params, "cpu")


@pytest.mark.parametrize("params", [FROZEN, UPDATE])
def test_every_weight_learns(params: TrainingParams) -> None:
    assert all(parameter.requires_grad for parameter in backbone(params).parameters())


@pytest.mark.parametrize(("params", "training"), [(FROZEN, False), (UPDATE, True)])
def test_frozen_statistics_put_all_of_it_in_evaluation_mode(params: TrainingParams, training: bool) -> None:
    assert {module.training for module in backbone(params).modules()} == {training}


@pytest.mark.parametrize(
    ("params", "device", "whole"),
    [(FROZEN, "cpu", False), (UPDATE, "cpu", True), (FROZEN, "cuda", True), (UPDATE, "cuda", True)],
)
def test_images_pass_at_once_where_they_see_each_other_or_on_a_gpu(
    params: TrainingParams, device: str, whole: bool
) -> None:
    assert one_forward(params, device) == whole


@pytest.mark.parametrize(
    ("params", "sizes"), [(FROZEN, [CPU_PIECE, CPU_PIECE, 5]), (UPDATE, [2 * CPU_PIECE + 5])]
)
def test_images_pass_in_pieces_of(params: TrainingParams, sizes: list[int]) -> None:
    module, seen = backbone(params), []
    module.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    backbone_features(module, 6, params, world=ALONE)(IMAGES)
    assert seen == sizes


def test_pieces_equal_the_whole_in_value_and_gradient() -> None:
    module = backbone(FROZEN)
    weights = list(module.parameters())
    pieces, whole = backbone_features(module, 6, FROZEN, world=ALONE)(IMAGES), module(IMAGES)
    torch.testing.assert_close(pieces, whole)
    torch.testing.assert_close(
        torch.autograd.grad(pieces.square().sum(), weights),
        torch.autograd.grad(whole.square().sum(), weights),
    )


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_features_have_the_precision_asked_for_and_weights_float32(
    precision: str, dtype: torch.dtype
) -> None:
    params = FROZEN.model_copy(update={"precision": precision})
    module = backbone(params)
    assert backbone_features(module, 6, params, world=ALONE)(IMAGES).dtype == dtype
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}


@pytest.mark.parametrize("pieces", [2, 5, len(IMAGES)])
def test_recomputed_pieces_have_the_gradients_of_the_whole(pieces: int) -> None:
    module = backbone(FROZEN).double()
    weights, images = list(module.parameters()), IMAGES.double()
    loss = backbone_features(module, 6, FROZEN, world=ALONE, pieces=pieces)(images)
    whole = module(images)
    torch.testing.assert_close(loss, whole, rtol=0, atol=1e-14)

    def gradients(features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        alike = features @ features.T  # every image meets every other one, as in a contrastive loss
        return torch.autograd.grad(alike.logsumexp(1).sum(), weights)

    torch.testing.assert_close(gradients(loss), gradients(whole), rtol=1e-12, atol=1e-12)


def test_recomputed_pieces_keep_no_activations() -> None:
    module, made = backbone(FROZEN), []
    module[0].register_forward_hook(lambda *given: made.append(weakref.ref(given[2])))
    features = backbone_features(module, 6, FROZEN, world=ALONE, pieces=4)(IMAGES)
    assert len(made) >= 4
    assert all(activation() is None for activation in made)
    features.sum().backward()  # each piece passes again
    assert sum(activation() is not None for activation in made) == 0


def test_without_a_graph_nothing_is_recomputed() -> None:
    module, seen = backbone(FROZEN), []
    module.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    with torch.no_grad():
        backbone_features(module, 6, FROZEN, world=ALONE, pieces=3)(IMAGES)
    assert sum(seen) == len(IMAGES)
