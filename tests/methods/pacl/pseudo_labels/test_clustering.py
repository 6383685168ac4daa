"""k-means against a naive assignment, and what its labels promise."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pacl_core.errors import UserError
from pacl_core.methods.pacl.params import PseudoLabelsParams
from pacl_core.methods.pacl.pseudo_labels import clustering


@pytest.fixture
def cluster(tmp_path: Path):
    """Clusters with all labels as one array; every call starts afresh."""
    calls = iter(range(100))

    def clustered(vectors: np.ndarray, params: PseudoLabelsParams, what: str = "vectors") -> SimpleNamespace:
        found = clustering.cluster(vectors, params, what, folder=tmp_path / str(next(calls)))
        return SimpleNamespace(**vars(found), labels=np.concatenate(list(found.labels())))

    return clustered


def blobs(sizes: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.eye(len(sizes), 8) * 4
    parts = [c + 0.3 * rng.standard_normal((n, 8)) for c, n in zip(centres, sizes, strict=True)]
    return np.concatenate(parts).astype(np.float32)


def test_labels_are_ordered_by_cluster_size(cluster) -> None:
    found = cluster(blobs((20, 200, 60)), PseudoLabelsParams(k=3))
    assert found.sizes == [200, 60, 20]
    assert found.labels.tolist() == [2] * 20 + [0] * 200 + [1] * 60


def test_every_row_has_its_nearest_centre_and_the_inertia_says_how_near(cluster) -> None:
    vectors = blobs((50, 40, 30))
    found = cluster(vectors, PseudoLabelsParams(k=4, normalise=False))
    total = 0.0
    for row, label in zip(vectors, found.labels, strict=True):
        squared = [float(((row - centre) ** 2).sum()) for centre in found.centres]
        assert squared[label] == pytest.approx(min(squared), rel=1e-4)
        total += min(squared)
    assert found.inertia == pytest.approx(total / len(vectors), rel=1e-4)


def test_normalised_labels_do_not_depend_on_length(cluster) -> None:
    vectors = blobs((50, 40))
    stretched = vectors * np.random.default_rng(1).uniform(0.1, 9, (90, 1)).astype(np.float32)
    params = PseudoLabelsParams(k=2)
    assert cluster(vectors, params).labels.tolist() == cluster(stretched, params).labels.tolist()


def test_blocks_are_labelled_as_the_whole(cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = blobs((300, 200, 77))
    whole = cluster(vectors, PseudoLabelsParams(k=3))
    monkeypatch.setattr(clustering, "BLOCK", 10)
    in_blocks = cluster(vectors, PseudoLabelsParams(k=3))
    assert in_blocks.labels.tolist() == whole.labels.tolist()
    assert in_blocks.inertia == pytest.approx(whole.inertia)


def test_restarts_find_what_one_start_may_miss(cluster) -> None:
    vectors = blobs((400, 400, 400, 400, 400, 400, 400))
    inertias = [cluster(vectors, PseudoLabelsParams(k=7, restarts=5, seed=seed)).inertia for seed in range(5)]
    truth = 0.3**2 * 8 / 16  # seven clusters; an upper bound on unit vectors
    assert max(inertias) < truth


def test_centres_of_a_sample_label_all(cluster) -> None:
    vectors = blobs((3000, 1000))
    found = cluster(vectors, PseudoLabelsParams(k=2, sample=200))
    assert found.sizes == [3000, 1000]


def test_the_same_vectors_give_the_same_labels(cluster) -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 16)).astype(np.float32)
    params = PseudoLabelsParams(k=7)
    first, second = (cluster(vectors, params) for _ in range(2))
    assert first.labels.tobytes() == second.labels.tobytes()
    assert first.inertia == second.inertia


def test_more_clusters_than_vectors_is_one_clear_line(cluster) -> None:
    with pytest.raises(UserError, match=r"pseudo_labels\.k: 9 clusters asked of 4 image embeddings"):
        cluster(blobs((4,)), PseudoLabelsParams(k=9), "image embeddings")


def test_a_vector_that_is_not_finite_is_refused(cluster) -> None:
    vectors = blobs((10,))
    vectors[3, 0] = np.nan
    with pytest.raises(UserError, match="not finite"):
        cluster(vectors, PseudoLabelsParams(k=1), "image embeddings")
