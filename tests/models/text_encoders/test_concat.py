"""The text encoder `concat`: its cosine, and how its parts are written."""

import numpy as np
import pytest

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.models.text_encoders.affect import unit_rows
from pacl_core.models.text_encoders.concat import read_parts
from pacl_core.params.models import TextEncoderParams

TEXTS = ["so happy with my new bike", "it rains, again", "I hate mondays"]
PARTS = {"minilm": "all-MiniLM-L6-v2", "affect": "minilm-rbf16", "nade": "socialmedia_en"}


def loaded(kind, name):
    return load_text_encoder(TextEncoderParams(kind=kind, name=name), "cpu")


def test_the_cosine_is_the_mean_of_the_parts_by_squared_weights():
    weights = {"minilm": 1.0, "affect": 2.0, "nade": 0.5}
    name = " + ".join(f"{weights[kind]} * {kind}:{name}" for kind, name in PARTS.items())
    encoder = loaded("concat", name)
    found = unit_rows(encoder.encode_texts(TEXTS))
    expected = np.zeros((3, 3))
    for kind, part in PARTS.items():
        vectors = unit_rows(loaded(kind, part).encode_texts(TEXTS))
        expected += weights[kind] ** 2 * vectors @ vectors.T
    np.testing.assert_allclose(found @ found.T, expected / sum(w * w for w in weights.values()), atol=1e-5)
    assert encoder.dim == 384 + 16 + 151 == encoder.encode_texts(TEXTS).shape[1] and encoder.pads


def test_a_weight_is_one_unless_it_is_written():
    assert read_parts("nade:socialmedia_en+0.5*affect:minilm-pls8") == (
        ("nade", "socialmedia_en", 1.0),
        ("affect", "minilm-pls8", 0.5),
    )


@pytest.mark.parametrize(
    "name", ["", "minilm", "hf:some/model", "0*nade:socialmedia_en", "x*nade:a", "nan*nade:a", "nade:a+"]
)
def test_what_cannot_be_read_is_met_with_an_example(name):
    with pytest.raises(UserError, match=r"name it like 'minilm:all-MiniLM-L6-v2 \+ 2 \* affect"):
        read_parts(name)


def test_weights_of_its_own_are_refused():
    params = TextEncoderParams(kind="concat", name="nade:socialmedia_en", weights="some.file")
    with pytest.raises(UserError, match="set 'weights' and 'sha256' to null"):
        load_text_encoder(params, "cpu")
