"""The text encoder `affect`: what its cosine follows, and what its name may say."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scipy.stats import pearsonr

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.errors import UserError
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.models.text_encoders.affect import SHIPPED, radial_basis, read_projection, unit_rows
from pacl_core.params.models import TextEncoderParams

BOTH = TextEncoderParams(kind="affect", name="minilm-rbf16-pls8")


@pytest.fixture(scope="module")
def affect():
    return load_text_encoder(BOTH, "cpu")


def named(name):
    return BOTH.model_copy(update={"name": name})


def test_the_vector_is_the_bases_and_the_components_each_of_unit_length(affect):
    texts = ["what a wonderful day", "", "they broke my heart"]
    vectors = affect.encode_texts(texts)
    assert vectors.shape == (3, 24) == (3, affect.dim) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :16], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, 16:], axis=1), 1, atol=1e-5)
    for name, columns in (("minilm-rbf16", slice(16)), ("minilm-pls8", slice(16, None))):
        alone = load_text_encoder(named(name), "cpu").encode_texts(texts)
        np.testing.assert_allclose(alone, vectors[:, columns], atol=1e-5)


def test_mood_counts_and_not_the_thing(affect):
    texts = ["my wonderful dog", "my wonderful tax report", "my dog is dead", "an awful tax report"]
    glad_dog, glad_tax, sad_dog, sad_tax = affect.encode_texts(texts)
    assert glad_dog @ glad_tax > glad_dog @ sad_dog and sad_dog @ sad_tax > sad_tax @ glad_tax


def test_names_of_faces_follow_the_human_sentiment_of_tweets_with_them(affect):
    faces = [one for one in read_glyphs() if one.sentiment and one.sentiment.uses >= 20]
    faces = [one for one in faces if "face" in one.names[0]]
    units = unit_rows(affect.encoder.encode_texts([face.names[0] for face in faces]))
    human = [face.sentiment.valence for face in faces]
    assert pearsonr(affect.projection.valences(units), human).statistic > 0.65  # 0.70 on the card


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3), bases=st.sampled_from([6, 16, 40])
)
def test_the_cosine_of_bases_falls_with_the_difference(values, bases):
    at = np.clip(np.array(values, np.float32), -2.5, 2.5)
    a, b, c = unit_rows(radial_basis(np.array(values, np.float32), bases))
    if abs(at[0] - at[1]) + 0.3 < abs(at[0] - at[2]):
        assert a @ b > a @ c - 1e-3  # the row ends somewhere: near there, cosines are a little higher
    assert a @ a == pytest.approx(1, abs=1e-5)


def test_the_shipped_card_says_what_was_fitted():
    projection = read_projection(SHIPPED)
    assert projection.card["words"] == 7216 and "MIT" in projection.card["licence"]
    assert projection.components.shape == (16, 384) and projection.valence.shape == (384,)


@pytest.mark.parametrize("name", ["minilm", "minilm-rbf1", "minilm-pls0", "rbf16", "minilm-pls8-rbf16"])
def test_a_name_that_says_no_vector_is_met_with_those_that_do(name):
    with pytest.raises(UserError, match=r"minilm-rbf16-pls8"):
        load_text_encoder(named(name), "cpu")


def test_more_components_than_were_fitted_are_refused():
    with pytest.raises(UserError, match="the projection has 16 components"):
        load_text_encoder(named("minilm-pls17"), "cpu")


def test_other_files_are_refused(tmp_path):
    tensors = load_file(SHIPPED)
    save_file(tensors, tmp_path / "bare.safetensors")
    short = tensors | {"mean": tensors["mean"][:100]}
    save_file(short, tmp_path / "short.safetensors", metadata={"card": json.dumps({})})
    for file, said in (("bare", "not a projection"), ("short", "is of vectors of 100"), ("no", "no such")):
        with pytest.raises(UserError, match=said):
            path = str(tmp_path / f"{file}.safetensors")
            load_text_encoder(BOTH.model_copy(update={"weights": path}), "cpu")
