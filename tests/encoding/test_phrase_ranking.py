"""Ranked phrases: best first, equal scores in phrase order; of stored vectors, by blocks and resumed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.encoding import encoded as resumable
from pacl_core.encoding import phrase_ranking as module
from pacl_core.encoding.engine import engine
from pacl_core.encoding.phrase_ranking import rank_phrases, rank_stored
from pacl_core.runtime.settings import Runtime


def unit(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("top", [1, 3, 50])
def test_every_row_has_its_phrases(tmp_path: Path, top: int, monkeypatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    images, phrases = unit(23, 0), unit(12, 1)
    np.save(tmp_path / "vectors.npy", images)
    with engine(lambda: None, Runtime("cpu", 2, 1)) as one:
        done = rank_stored(
            one, tmp_path / "vectors.npy", phrases, top=top, cuts=[0, 9, 9, 23], folder=tmp_path / "images"
        )
    found = done.rows(0, 23)
    for row, image in enumerate(images):
        index, score = rank_phrases(image[None], phrases, top)
        assert found["phrase"][row].tolist() == index[0].tolist()
        np.testing.assert_allclose(found["score"][row], score[0], atol=1e-6)


def test_a_stopped_ranking_is_resumed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(resumable, "SECONDS", 0)
    images, phrases = unit(20, 0), unit(12, 1)
    np.save(tmp_path / "vectors.npy", images)
    counted: list[int] = []
    real = module.rank_phrases

    def some(block: np.ndarray, *rest: object) -> object:
        if len(counted) == 3:
            raise KeyboardInterrupt
        counted.append(len(block))
        return real(block, *rest)

    def run() -> np.ndarray:
        with engine(lambda: None, Runtime("cpu", 1, 1)) as one:
            return rank_stored(
                one, tmp_path / "vectors.npy", phrases, top=2, cuts=[0, 20], folder=tmp_path / "p"
            ).rows(0, 20)

    monkeypatch.setattr(module, "rank_phrases", some)
    with pytest.raises(KeyboardInterrupt):
        run()
    again: list[int] = []
    monkeypatch.setattr(
        module, "rank_phrases", lambda block, *rest: (again.append(len(block)), real(block, *rest))[1]
    )
    found = run()
    assert 0 < sum(again) < 20
    assert found["phrase"].tolist() == real(images, phrases, 2)[0].tolist()


@given(
    images=st.integers(0, 4),
    phrases=st.integers(1, 7),
    top=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_ranks_match_a_naive_sort(images, phrases, top, seed):
    numbers = np.random.default_rng(seed)  # few values, so that ties are common
    image_vectors = numbers.integers(-1, 2, (images, 2)).astype(np.float32)
    phrase_vectors = numbers.integers(-1, 2, (phrases, 2)).astype(np.float32)
    indices, scores = rank_phrases(image_vectors, phrase_vectors, top)
    assert indices.shape == scores.shape == (images, min(top, phrases))
    assert scores.dtype == np.float32
    for row, image in enumerate(image_vectors):
        cosines = [float(image[0] * phrase[0] + image[1] * phrase[1]) for phrase in phrase_vectors]
        naive = sorted(range(phrases), key=lambda phrase: (-cosines[phrase], phrase))[:top]
        assert indices[row].tolist() == naive
        assert scores[row].tolist() == [cosines[phrase] for phrase in naive]
