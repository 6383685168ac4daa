"""The same value and gradient in pieces: chunks of the similarity, and of the features without it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.methods.pacl.objective import (
    Labels,
    best_image,
    best_text,
    chunked_best_matches,
    chunked_partition_loss,
    masked_loss,
    partition_loss,
)
from pacl_core.methods.pacl.partitions import PARTITIONS

SIZE = 13
CHUNKS = [*range(1, SIZE + 1), 50]


def features(seed: int = 4, size: int = SIZE) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    both = torch.randn(2, size, 5, generator=generator, dtype=torch.float64)
    image, text = normalize(both, dim=2)
    return image.requires_grad_(), text.requires_grad_()


def labels(size: int = SIZE) -> Tensor:
    return torch.randint(4, (2, size), generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_rows_in_chunks(partition: str, chunk: int) -> None:
    image, text = features()
    similarity = (image @ text.T).detach().requires_grad_()
    whole = partition_loss(similarity, partition, Labels(*labels()), chunk=SIZE)
    pieces = partition_loss(similarity, partition, Labels(*labels()), chunk=chunk)
    assert_same(pieces, whole, (similarity,))


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_features_in_chunks(partition: str, chunk: int) -> None:
    leaves = features()
    temperature = torch.tensor(0.05, dtype=torch.float64, requires_grad=True)
    whole = partition_loss(leaves[0] @ leaves[1].T, partition, Labels(*labels()), temperature=temperature)
    pieces = chunked_partition_loss(
        *leaves, partition, labels=Labels(*labels()), temperature=temperature, chunk=chunk
    )
    assert_same(pieces, whole, (*leaves, temperature))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_many_positives_in_chunks(chunk: int) -> None:
    image, text = features()
    similarity = (image @ text.T).detach().requires_grad_()
    positives = labels()[0][:, None] == labels()[1]
    positives.fill_diagonal_(True)
    whole = masked_loss(similarity, positives, ~positives, temperature=0.07, chunk=SIZE).sum()
    pieces = masked_loss(similarity, positives, ~positives, temperature=0.07, chunk=chunk).sum()
    assert_same(pieces, whole, (similarity,))


@pytest.mark.parametrize("chunk", [1, 2, 3, 8])
def test_best_matches_in_chunks_take_the_first_of_equal_ones(chunk: int) -> None:
    image = torch.eye(4)[torch.tensor([0, 1, 0, 1, 2, 2, 0, 3])]
    text = torch.eye(4)[torch.tensor([0, 0, 2, 1, 3, 2, 1, 0])]
    best_image_T, best_text_V = chunked_best_matches(image, text, chunk)
    assert best_image_T.tolist() == best_image(image @ text.T).tolist() == [0, 0, 4, 1, 7, 4, 1, 0]
    assert best_text_V.tolist() == best_text(image @ text.T).tolist() == [0, 3, 0, 3, 2, 2, 0, 4]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_nothing_as_large_as_the_square_is_kept(partition: str) -> None:
    size = 256
    image, text = (side.float().detach().requires_grad_() for side in features(size=size))
    similarity = (image @ text.T).detach().requires_grad_()
    square = saved_bytes(lambda: partition_loss(similarity, partition, Labels(*labels(size))))
    assert square <= 1.1 * 4 * size**2  # the similarity and vectors
    chunked = saved_bytes(
        lambda: chunked_partition_loss(image, text, partition, labels=Labels(*labels(size)))
    )
    assert chunked <= 0.2 * 4 * size**2


def saved_bytes(loss: Callable[[], Tensor]) -> int:
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        kept = loss()
    assert kept.requires_grad
    return sum(storages.values())


def assert_same(pieces: Tensor, whole: Tensor, leaves: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(pieces, whole, rtol=1e-12, atol=1e-14)
    here, there = torch.autograd.grad(pieces, leaves), torch.autograd.grad(whole, leaves)
    torch.testing.assert_close(here, there, rtol=1e-10, atol=1e-13)
