"""SNCE against loops over its equations, and what must hold for any batch."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from pacl_core.methods.emotionclip import sentiment_guided_loss
from pacl_core.methods.emotionclip.objective import (
    chunked_sample_losses,
    sample_losses,
    sentiment_weights,
    suppressed_share,
)
from pacl_core.training.contrastive import LocalRows
from tests.methods.emotionclip import naive

BETAS = (0.0, 0.1, 1.0, 10.0)
NAN = math.nan


def features(size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    video, text = normalize(torch.randn(2, size, 6, generator=generator, dtype=torch.float64), dim=2)
    return video.requires_grad_(), text.requires_grad_()


def sentiment(size: int, seed: int = 0, kinds: int = 4) -> Tensor:
    """Some rows are alike, one is missing."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(kinds, 5, generator=generator, dtype=torch.float64)
    rows = logits[torch.randint(kinds, (size,), generator=generator)]
    rows[size // 2, 1] = NAN
    return rows


def infonce(similarity: Tensor, scale: float) -> Tensor:
    order = torch.arange(len(similarity))
    return (cross_entropy(scale * similarity, order) + cross_entropy(scale * similarity.T, order)) / 2


def gradient(loss: Tensor, *leaves: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, leaves, retain_graph=True)


@pytest.mark.parametrize("kl", ["forward", "reverse"])
@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_loops_say_the_same(size: int, beta: float, kl: Any) -> None:
    video, text = features(size)
    logits = sentiment(size)
    ours = sentiment_guided_loss(video @ text.T, logits, beta=beta, scale=20.0, kl=kl)
    loops = naive.loss((video @ text.T).tolist(), logits.tolist(), beta=beta, scale=20.0, kl=kl)
    assert ours.item() == pytest.approx(loops, rel=1e-12, abs=1e-12)


def test_the_two_directions_differ() -> None:
    video, text = features(6)
    found = {kl: sentiment_guided_loss(video @ text.T, sentiment(6), kl=kl).item() for kl in _DIRECTIONS}
    assert found["forward"] != found["reverse"]


_DIRECTIONS: tuple[Any, Any] = ("forward", "reverse")


def test_weights_are_of_anchor_and_candidate_in_both_modalities() -> None:
    """Not transposed for texts: with all similarities equal both directions have the same loss."""
    weights = sentiment_weights(sentiment(6))
    logits = sentiment(6).tolist()
    loops = [
        [naive.weight(logits, i, j, beta=1.0, kl="forward") if i != j else math.inf for j in range(6)]
        for i in range(6)
    ]
    found = weights.rows(slice(0, 6))
    found[3, 3] = math.inf  # the missing one's own place is of no consequence
    torch.testing.assert_close(found, torch.tensor(loops, dtype=torch.float64), atol=1e-250, rtol=1e-9)
    one = sample_losses(LocalRows(torch.zeros(6, 6), torch.zeros(6, 6)), weights)
    other = sample_losses(LocalRows(torch.zeros(6, 6), torch.full((6, 6), 0.3)), weights)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("alike", [False, True])
def test_without_beta_it_is_infonce(alike: bool) -> None:
    video, text = features(9)
    logits = torch.ones(9, 5) if alike else sentiment(9)
    ours = sentiment_guided_loss(video @ text.T, logits, beta=0.0, scale=30.0)
    plain = infonce(video @ text.T, 30.0)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradient(ours, video, text), gradient(plain, video, text))


def test_sentiments_that_are_far_apart_leave_infonce_at_any_beta() -> None:
    video, text = features(5)
    ours = sentiment_guided_loss(video @ text.T, 1e9 * torch.eye(5), beta=10.0)
    torch.testing.assert_close(ours, infonce(video @ text.T, 100.0), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kl", ["forward", "reverse"])
@pytest.mark.parametrize("beta", [0.1, 10.0])
def test_equal_sentiments_never_repel(beta: float, kl: Any) -> None:
    """Loss and gradient are exactly 0 where no negative is left, in float32 too and beyond its range."""
    similarity = torch.randn(4, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    shifted = torch.tensor([[1.0, -2.0, 0.5]]) + torch.arange(4.0)[:, None]
    loss = sentiment_guided_loss(similarity, shifted, beta=beta, scale=1e4, kl=kl)
    assert loss.item() == 0
    assert gradient(loss, similarity)[0].abs().max() == 0


def test_equal_sentiments_are_left_out_as_by_a_mask() -> None:
    video, text = features(8)
    kind = torch.tensor([0, 1, 2, 0, 1, 0, 2, 1])
    ours = sentiment_guided_loss(video @ text.T, 1e9 * torch.eye(3)[kind], beta=1.0, scale=10.0)
    kept = (kind[:, None] != kind) | torch.eye(8, dtype=torch.bool)
    logits = (10 * video @ text.T).masked_fill(~kept, -math.inf)
    order = torch.arange(8)
    masked = (cross_entropy(logits, order) + cross_entropy(logits.T, order)) / 2
    torch.testing.assert_close(ours, masked, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(
        gradient(ours, video, text), gradient(masked, video, text), rtol=1e-6, atol=1e-7
    )


def test_a_sample_without_sentiment_is_weighed_as_a_plain_negative() -> None:
    logits = sentiment(6)
    logits[3] = NAN
    weights = sentiment_weights(logits).rows(slice(0, 6))
    assert weights[3].max() < 1e-200 and weights[:, 3].max() < 1e-200
    video, text = features(6)
    nobody = sentiment_guided_loss(video @ text.T, torch.full((6, 5), NAN))
    torch.testing.assert_close(nobody, infonce(video @ text.T, 100.0))


def test_infinite_logits_are_certain_or_missing_but_never_nan() -> None:
    logits = torch.tensor([[0.0, -math.inf], [-math.inf, 0.0], [0.0, 0.0], [math.inf, 0.0]])
    weights = sentiment_weights(logits).rows(slice(0, 4))
    assert not weights.isnan().any()
    assert weights[0, 1] < 1e-20 and weights[2, 3] == weights[3, 2] < 1e-200
    assert weights[0, 2].item() == pytest.approx(1 / math.log(2))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 13, 50])
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_chunks_have_the_value_and_gradient_of_the_whole(beta: float, chunk: int) -> None:
    video, text = features(13)
    scale = torch.tensor(20.0, dtype=torch.float64, requires_grad=True)
    weights = sentiment_weights(sentiment(13), beta=beta)
    whole = sentiment_guided_loss(video @ text.T, sentiment(13), beta=beta, scale=scale)
    rows = LocalRows(video @ text.T, text @ video.T)
    for pieces in (
        sample_losses(rows, weights, scale=scale, chunk=chunk),
        chunked_sample_losses(video, text, weights, scale=scale, chunk=chunk),
    ):
        torch.testing.assert_close(pieces.mean(), whole, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(
            gradient(pieces.mean(), video, text, scale),
            gradient(whole, video, text, scale),
            rtol=1e-10,
            atol=1e-13,
        )


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_the_ranks_together_have_the_loss_of_one_process(ranks: int) -> None:
    """An anchor's own pair is at its place in the whole batch: at column r of rank 0 only it would be inf."""
    video, text = features(11)
    whole = sentiment_guided_loss(video @ text.T, sentiment(11), scale=20.0)
    weights = sentiment_weights(sentiment(11))
    bounds = torch.arange(11).tensor_split(ranks)
    parts = [
        sample_losses(LocalRows(video[own] @ text.T, text[own] @ video.T, int(own[0])), weights, scale=20.0)
        for own in bounds
    ]
    together = torch.cat(parts).sum() / 11
    torch.testing.assert_close(together, whole, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gradient(together, video, text), gradient(whole, video, text))


def test_the_gradient_of_the_scale_is_that_of_differences() -> None:
    video, text = features(6)
    similarity = (video @ text.T).detach().requires_grad_()
    scale = torch.tensor(15.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda s, t: sentiment_guided_loss(s, sentiment(6), scale=t), (similarity, scale)
    )


def test_half_precision_similarities_are_weighed_in_float32() -> None:
    video, text = features(6)
    half = (video @ text.T).detach().bfloat16()
    ours = sentiment_guided_loss(half, sentiment(6))
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, sentiment_guided_loss(half.float(), sentiment(6)))


def test_only_the_similarity_and_vectors_are_kept() -> None:
    size, kept = 256, {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    similarity = torch.randn(size, size).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = sentiment_guided_loss(similarity, sentiment(size))
    assert loss.requires_grad and sum(kept.values()) <= 1.1 * 4 * size**2


def test_the_share_of_suppressed_pairs() -> None:
    logits = 1e9 * torch.eye(3)[torch.tensor([0, 0, 1, 2])]  # of 12 pairs the first two have equal sentiment
    for chunk in (1, 3, 50):
        share = suppressed_share(sentiment_weights(logits), chunk=chunk)
        assert share.item() == pytest.approx(2 / 12)
    assert suppressed_share(sentiment_weights(logits, beta=0.0)) == 0
    assert suppressed_share(sentiment_weights(logits[:1])) == 0


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((3, 1), {}, "K >= 2"),
        ((3,), {}, "K >= 2"),
        ((4, 2), {}, "4 rows of sentiment"),
        ((3, 2), {"beta": -1.0}, "at least 0"),
        ((3, 2), {"beta": math.nan}, "at least 0"),
        ((3, 2), {"kl": "both"}, "unknown direction 'both'"),
    ],
)
def test_what_makes_no_sense_is_refused(shape: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sentiment_guided_loss(torch.zeros(3, 3), torch.zeros(shape), **options)


seeds = st.integers(0, 10_000)
sizes = st.integers(1, 9)


@settings(deadline=None, max_examples=60)
@given(seed=seeds, size=sizes, beta=st.floats(0, 50), more=st.floats(0, 50), kl=st.sampled_from(_DIRECTIONS))
def test_it_is_never_negative_and_falls_as_beta_grows(
    seed: int, size: int, beta: float, more: float, kl: Any
) -> None:
    video, text = features(size, seed)
    logits = sentiment(size, seed)
    found = [
        sentiment_guided_loss(video @ text.T, logits, beta=value, kl=kl).item()
        for value in (beta, beta + more)
    ]
    assert found[0] >= found[1] - 1e-12 and found[1] >= 0


@settings(deadline=None, max_examples=60)
@given(seed=seeds, size=sizes, constant=st.floats(-50, 50))
def test_a_constant_added_to_a_row_of_logits_changes_nothing(seed: int, size: int, constant: float) -> None:
    video, text = features(size, seed)
    logits = sentiment(size, seed)
    shifted = logits.clone()
    shifted[seed % size] += constant
    one, other = (sentiment_guided_loss(video @ text.T, each) for each in (logits, shifted))
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(seed=seeds, size=st.integers(2, 9), beta=st.floats(0, 20))
def test_gradients_are_finite_and_pairs_may_change_places(seed: int, size: int, beta: float) -> None:
    video, text = features(size, seed)
    logits = sentiment(size, seed)
    loss = sentiment_guided_loss(video @ text.T, logits, beta=beta)
    assert all(one.isfinite().all() for one in gradient(loss, video, text))
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    shuffled = sentiment_guided_loss(video[order] @ text[order].T, logits[order], beta=beta)
    torch.testing.assert_close(loss, shuffled, rtol=1e-9, atol=1e-12)
