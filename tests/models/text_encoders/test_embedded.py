"""The text encoders that come with pip: `minilm` and `nade`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.models.text_encoders.nade import preprocess
from pacl_core.params.models import TextEncoderParams

MINILM = TextEncoderParams(kind="minilm", name="all-MiniLM-L6-v2")
NADE = TextEncoderParams(kind="nade", name="socialmedia_en")


@pytest.fixture(scope="module")
def minilm():
    return load_text_encoder(MINILM, "cpu")


@pytest.fixture(scope="module")
def nade():
    return load_text_encoder(NADE, "cpu")


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_minilm_knows_what_is_alike(minilm):
    a, b, c = unit(minilm.encode_texts(["a happy dog", "a joyful puppy", "quarterly tax report"]))
    assert minilm.dim == 384
    assert a @ b > 0.6 > 0.2 > a @ c


def test_minilm_does_not_depend_on_padding(minilm):
    alone = minilm.encode_texts(["a dog"])
    together = minilm.encode_texts(["a dog", "a very long text " * 20])[:1]
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_nade_gives_151_probabilities_in_one_order(nade):
    vectors = nade.encode_texts(["i am so happy today", "", "so sad\nand alone"])
    assert vectors.shape == (3, 151) == (3, nade.dim)
    assert vectors.dtype == np.float32
    assert ((vectors >= 0) & (vectors <= 1.001)).all()
    labels = [int(label.removeprefix("__label__")) for label in nade.columns]
    assert labels == sorted(labels)


def test_nade_matches_fasttext_label_by_label(nade):
    text = "what a lovely day"
    labels, probabilities = nade.model.predict(text, k=151)
    vector = nade.encode_texts([text])[0]
    for label, probability in zip(labels, probabilities, strict=True):
        assert vector[nade.columns[label]] == np.float32(probability)


def test_nade_tells_joy_from_grief(nade):
    glad, gladder, sad = unit(
        nade.encode_texts(["I love this so much", "love it, amazing", "my grandma died, I miss her"])
    )
    assert glad @ gladder > glad @ sad


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=30))
def test_preprocessing_is_nades_own(text):
    package = pytest.importorskip("nade")
    assert preprocess([text]) == package.Nade.preprocess([text]).to_pylist()


def test_no_texts_no_rows(nade):
    assert nade.encode_texts([]).shape == (0, 151)


@pytest.mark.parametrize(("kind", "near"), [("minilm", "all-MiniLM-L6-v2"), ("nade", "socialmedia_en")])
def test_an_unknown_name_is_met_with_the_known_one(kind, near):
    with pytest.raises(UserError, match=near):
        load_text_encoder(TextEncoderParams(kind=kind, name="nothing"), "cpu")


def test_a_file_that_is_no_fasttext_model_is_refused(tmp_path):
    (tmp_path / "w.ftz").write_bytes(b"garbage of some length")
    with pytest.raises(UserError, match=r"w.ftz: not a fastText model"):
        load_text_encoder(NADE.model_copy(update={"weights": str(tmp_path / "w.ftz")}), "cpu")
