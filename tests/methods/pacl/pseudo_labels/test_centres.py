"""Centres from a sample, and the nearest of them, against sums written out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.methods.pacl.params import PseudoLabelsParams
from pacl_core.methods.pacl.pseudo_labels.centres import assign, find_centres, lengths

PARAMS = PseudoLabelsParams(k=3, normalise=False, restarts=4)
MEANS = np.array([[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, -5, 0]], np.float32)


def blobs(count: int = 40) -> NDArray[np.float32]:
    """[3 x count, 4], one block after the other."""
    noise = np.random.default_rng(0).normal(0, 0.2, (3, count, 4))
    return (MEANS[:, None] + noise).reshape(-1, 4).astype(np.float32)


def ordered(centres: NDArray[np.float32]) -> list[list[float]]:
    return sorted(centres.tolist())


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_every_row_gets_its_nearest_centre(normalise: bool, dtype: type) -> None:
    chance = np.random.default_rng(1)
    block = chance.normal(0, 3, (30, 4)).astype(dtype)
    centres = chance.normal(0, 1, (5, 4)).astype(np.float32)
    labels, inertia = assign(block, centres, normalise, what="vectors")
    total = 0.0
    for row, label in zip(block.astype(np.float64), labels.tolist(), strict=True):
        taken = row / np.linalg.norm(row) if normalise else row
        squared = [float(((taken - centre) ** 2).sum()) for centre in centres]
        assert label == squared.index(min(squared))
        total += min(squared)
    assert inertia == pytest.approx(total, rel=1e-4)


def test_of_equally_near_centres_the_first_is_taken() -> None:
    centres = np.array([[0, 1], [1, 0], [1, 0]], np.float32)
    labels, _ = assign(np.array([[1, 1], [3, 0]], np.float32), centres, False, what="vectors")
    assert labels.tolist() == [0, 1]


def test_a_vector_of_no_length_stays_where_it_is() -> None:
    centres = np.array([[0, 2], [0.5, 0]], np.float32)
    labels, inertia = assign(np.zeros((1, 2), np.float32), centres, True, what="vectors")
    assert labels.tolist() == [1] and inertia == pytest.approx(0.25)


def test_lengths_are_euclidean() -> None:
    assert lengths(np.array([[3, 4], [0, 0]], np.float32), "vectors").tolist() == [5, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_by_name(value: float) -> None:
    block = np.array([[1, 2], [value, 0]], np.float32)
    with pytest.raises(UserError, match="image embeddings: a vector is not finite"):
        assign(block, np.zeros((1, 2), np.float32), True, what="image embeddings")
    with pytest.raises(UserError, match="image embeddings: a vector is not finite"):
        find_centres(block, PseudoLabelsParams(k=1), "image embeddings")


def test_centres_are_the_means_of_what_lies_together() -> None:
    vectors = blobs()
    means = [part.mean(0).tolist() for part in np.split(vectors, 3)]
    np.testing.assert_allclose(ordered(find_centres(vectors, PARAMS, "vectors")), sorted(means), atol=1e-5)


def test_normalised_centres_are_of_vectors_of_length_one() -> None:
    vectors = blobs()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    means = [part.mean(0).tolist() for part in np.split(unit, 3)]
    params = PARAMS.model_copy(update={"normalise": True})
    np.testing.assert_allclose(ordered(find_centres(vectors, params, "vectors")), sorted(means), atol=1e-5)
    assert vectors.tobytes() == blobs().tobytes()


def test_a_sample_finds_about_the_same_centres() -> None:
    found = find_centres(blobs(400), PARAMS.model_copy(update={"sample": 100}), "vectors")
    np.testing.assert_allclose(ordered(found), sorted(MEANS.tolist()), atol=0.2)


def test_the_seed_decides_the_centres_to_the_bit() -> None:
    vectors = np.random.default_rng(2).normal(size=(200, 4)).astype(np.float32)
    first, again, other = (
        find_centres(vectors, PARAMS.model_copy(update={"seed": seed, "sample": 60}), "vectors")
        for seed in (0, 0, 1)
    )
    assert first.tobytes() == again.tobytes() != other.tobytes()
