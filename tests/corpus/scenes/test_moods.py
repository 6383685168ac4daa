"""Words for moods: the bank against ratings by people, and words for a face against its sentiment."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from pacl_core.corpus.scenes.cast import Cast, valence
from pacl_core.corpus.scenes.moods import MoodWords, places, read_bank, telling_words
from pacl_core.corpus.scenes.recipe import SceneRecipe
from pacl_core.errors import UserError


def test_the_bank_covers_the_range_and_repeats_nothing() -> None:
    bank = read_bank()
    assert len(bank) >= 200 and len({one.text.lower() for one in bank}) == len(bank)
    shares = np.histogram([one.rating for one in bank], bins=5, range=(-1, 1))[0] / len(bank)
    assert (shares > 0.1).all()
    assert all(1 <= len(one.text.split()) <= 14 for one in bank)


def test_its_ratings_agree_with_the_words_that_people_rated() -> None:
    vader = pytest.importorskip("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    bank = read_bank()
    rated = [vader.polarity_scores(one.text)["compound"] for one in bank]
    assert spearmanr([one.rating for one in bank], rated).statistic > 0.95  # 0.964
    assert all(abs(one.rating - score) < 1 for one, score in zip(bank, rated, strict=True))


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12))
def test_a_place_is_the_share_of_the_others_below_and_half_of_the_equal(values: list[int]) -> None:
    for place, value in zip(places(values), values, strict=True):
        below = sum(other < value for other in values)
        equal = sum(other == value for other in values) - 1
        assert place == pytest.approx((below + equal / 2) / (len(values) - 1))


def test_words_fit_the_face_and_share_none_with_its_name(players: Cast, recipe: SceneRecipe) -> None:
    faces, rng = players.faces["corpus"], random.Random(1)
    words = MoodWords(faces, recipe.moods)
    assert words.place(min(faces, key=valence)) == 0 and words.place(max(faces, key=valence)) == 1
    for face in faces:
        for right in (True, False):
            for _ in range(20):
                told = words.draw(face, right=right, rng=rng)
                gap = abs(told.place - words.place(face))
                assert gap <= recipe.moods.near if right else gap >= recipe.moods.opposite
                assert told.text not in face.names
                assert told.face is None or not telling_words(face) & telling_words(told.face)


def test_moods_without_words_are_refused(players: Cast, recipe: SceneRecipe) -> None:
    moods = recipe.moods.model_copy(update={"near": 1e-9, "named": 1.0})
    with pytest.raises(UserError, match="no words for the mood of"):
        MoodWords(players.faces["corpus"], moods).draw(
            players.faces["corpus"][0], right=True, rng=random.Random(0)
        )
