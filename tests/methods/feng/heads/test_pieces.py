import pytest
import torch
from torch import Tensor

from pacl_core.methods.feng.heads.dense import SuperResolution
from pacl_core.methods.feng.heads.pieces import loss_in_pieces
from tests.methods.feng.published_values import sine

MAPS = [sine((5, 4, 4, 4), 0.3, 1), sine((5, 6, 2, 2), 0.5, 2)]
TARGETS = sine((5, 3, 16, 16), 0.1) / 2 + 0.5


def head() -> SuperResolution:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SuperResolution((4, 6), 2).double()


def gradients(size: int | None, *, frozen: bool = False) -> tuple[float, list[Tensor | None]]:
    made = head()
    if frozen:
        made.up.requires_grad_(False)
    maps = [one.clone().requires_grad_() for one in MAPS]

    def loss(piece: list[Tensor], targets: Tensor) -> Tensor:
        return (made(piece, (4, 4)) - targets).square().sum() / TARGETS.numel()

    found = (
        loss(maps, TARGETS)
        if size is None
        else loss_in_pieces(loss, made, maps=maps, targets=TARGETS, size=size)
    )
    (3 * found).backward()
    return found.item(), [one.grad for one in (*maps, *made.parameters())]


@pytest.mark.parametrize("size", [1, 2, 5, 9])
@pytest.mark.parametrize("frozen", [False, True])
def test_loss_and_gradients_are_those_of_the_whole(size: int, frozen: bool) -> None:
    whole, wanted = gradients(None, frozen=frozen)
    pieces, found = gradients(size, frozen=frozen)
    assert pieces == pytest.approx(whole, rel=1e-12)
    for one, other in zip(found, wanted, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_memory_is_that_of_one_piece() -> None:
    """Of what the head keeps for its backward pass: only as much as one image needs is there at a time."""
    made, maps = head(), [one.clone().requires_grad_() for one in MAPS]
    kept: list[int] = []

    def loss(piece: list[Tensor], targets: Tensor) -> Tensor:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(len(t)) or t, lambda t: t):
            return (made(piece, (4, 4)) - targets).square().sum()

    found = loss_in_pieces(loss, made, maps=maps, targets=TARGETS, size=1)
    assert found.grad_fn is not None
    assert sum(one.numel() for one in found.grad_fn.saved_tensors) == sum(
        one.numel() for one in (*maps, *made.parameters())
    )
    assert max(size for size in kept if size < len(TARGETS)) == 4  # weights of the head apart, one image


def test_without_gradients_none_are_taken() -> None:
    made = head()
    with torch.no_grad():
        found = loss_in_pieces(
            lambda piece, t: made(piece, (4, 4)).sum(), made, maps=MAPS, targets=TARGETS, size=2
        )
        assert found.item() == pytest.approx(made(MAPS, (4, 4)).sum().item())
