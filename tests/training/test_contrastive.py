"""The masked loss with a penalty on its negatives, for any method; test_masked_loss and others of PACL hold
what it is without one."""

import math

import pytest
import torch
from torch import Tensor

from pacl_core.training.contrastive import LocalRows, RowPenalty, chunked_losses, local_rows, masked_loss

SIZE = 7


def given(seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Similarity, positives, negatives, penalty of some anchors."""
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.randn(SIZE, SIZE, generator=generator, dtype=torch.float64).requires_grad_()
    positives = torch.randint(SIZE, (SIZE,), generator=generator)
    negatives = torch.rand(SIZE, SIZE, generator=generator) < 0.6
    penalty = 5 * torch.rand(SIZE, SIZE, generator=generator, dtype=torch.float64)
    return similarity, positives, negatives, penalty


def of(penalty: Tensor) -> RowPenalty:
    return lambda rows: penalty[rows].clone()


def by_loops(
    similarity: Tensor, positives: Tensor, negatives: Tensor, penalty: Tensor, *, temperature: float
) -> list[float]:
    found = []
    for i, positive in enumerate(positives.tolist()):
        own = math.exp(similarity[i, positive].item() / temperature)
        others = sum(
            math.exp(similarity[i, j].item() / temperature - penalty[i, j].item())
            for j in range(SIZE)
            if negatives[i, j] and j != positive
        )
        found.append(-math.log(own / (own + others)))
    return found


@pytest.mark.parametrize("chunk", [None, 1, 3, 50])
def test_a_penalty_is_taken_off_the_logits_of_negatives(chunk: int | None) -> None:
    similarity, positives, negatives, penalty = given()
    penalty[2] = math.inf
    found = masked_loss(
        similarity,
        positives,
        negatives,
        temperature=0.4,
        penalty=of(penalty),
        chunk=chunk,
    )
    assert found.tolist() == pytest.approx(
        by_loops(similarity, positives, negatives, penalty, temperature=0.4), rel=1e-12, abs=1e-14
    )


def test_an_infinite_penalty_is_the_mask() -> None:
    similarity, positives, negatives, penalty = given()
    everyone = torch.ones(SIZE, SIZE, dtype=torch.bool)
    infinite = torch.zeros_like(penalty).masked_fill(~negatives, math.inf)
    masked = masked_loss(similarity, positives, negatives, temperature=0.2)
    penalised = masked_loss(similarity, positives, everyone, temperature=0.2, penalty=of(infinite))
    torch.testing.assert_close(penalised, masked, rtol=0, atol=0)
    one, other = (torch.autograd.grad(each.sum(), similarity) for each in (masked, penalised))
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_what_it_says_of_positives_does_not_count() -> None:
    similarity, positives, _, penalty = given()
    mask = torch.nn.functional.one_hot(positives, SIZE).bool()
    everyone = torch.ones(SIZE, SIZE, dtype=torch.bool)
    zero, infinite = (penalty.masked_fill(mask, value) for value in (0.0, math.inf))
    found = [
        masked_loss(similarity, which, negatives, penalty=of(own))
        for which in (positives, mask)
        for negatives in (None, everyone)
        for own in (zero, infinite)
    ]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-14, atol=1e-14)
    assert all(one.isfinite().all() for one in torch.autograd.grad(found[1].sum(), similarity))


@pytest.mark.parametrize("chunk", [None, 2])
def test_no_mask_is_one_of_all_others(chunk: int | None) -> None:
    similarity, positives, _, _ = given()
    everyone = torch.ones(SIZE, SIZE, dtype=torch.bool)
    mask = torch.nn.functional.one_hot(positives, SIZE).bool()
    expected = masked_loss(similarity, positives, everyone)
    for which in (positives, mask):
        found = masked_loss(similarity, which, None, chunk=chunk)
        torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-14)
        one, other = (torch.autograd.grad(x.sum(), similarity, retain_graph=True) for x in (found, expected))
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-14)
    assert similarity.isfinite().all()


def test_gradients_of_similarity_and_temperature_are_those_of_differences() -> None:
    similarity, positives, negatives, penalty = given()
    temperature = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda s, t: masked_loss(s, positives, negatives, temperature=t, penalty=of(penalty)),
        (similarity, temperature),
    )


def test_rows_of_some_samples_are_rows_of_the_whole() -> None:
    images, texts = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    whole = local_rows(images, texts, (images, texts), offset=0)
    assert whole.text.data_ptr() == whole.image.data_ptr()
    part = local_rows(images[2:4], texts[2:4], (images, texts), offset=2)
    torch.testing.assert_close(part.image, whole.image[2:4])
    torch.testing.assert_close(part.text, whole.text[2:4])
    assert part.offset == 2


@pytest.mark.parametrize("chunk", [1, 2, 5, 9])
def test_losses_of_chunks_come_in_order(chunk: int) -> None:
    images, texts = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def losses(rows: LocalRows) -> Tensor:
        return rows.image[:, 0] + 10 * rows.text[:, 1] + 100 * rows.offset

    found = chunked_losses(images, texts, losses, chunk=chunk)
    offsets = torch.arange(5) // chunk * chunk
    torch.testing.assert_close(found, images @ texts[0] + 10 * texts @ images[1] + 100 * offsets)
