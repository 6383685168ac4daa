"""Ranking phrases: best first, equal scores in phrase order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.encoding.phrase_ranking import rank_phrases


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
