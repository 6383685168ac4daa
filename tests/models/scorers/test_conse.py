"""ConSE: an image is where its likeliest classes' names lie."""

import numpy as np
import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import roc_auc_score

from pacl_core.errors import UserError
from pacl_core.models.packaged import named_by_timm, packaged_file
from pacl_core.models.scorers import load_scorer
from pacl_core.models.scorers.conse import class_names, convex_combination
from pacl_core.params.models import ScorerParams
from tests.paths import ROOT

PARAMS = ScorerParams(kind="conse", name="efficientnet_lite0-minilm")
PHOTOGRAPHS = ROOT.parent / "shared/real_formats/oasis_sample/images"


@pytest.fixture(scope="module")
def conse():
    return load_scorer(PARAMS, "cpu")


@pytest.fixture(scope="module")
def class_vectors(conse):
    return conse.encode_texts(class_names(1000))


def naive(probabilities, vectors, top):
    """Eq. 3 of Norouzi et al., one image, one class, one number at a time."""
    result = []
    for row in probabilities:
        best = sorted(range(len(row)), key=lambda c: -row[c])[:top]
        total = sum(row[c] for c in best)
        dimensions = range(len(vectors[0]))
        result.append([sum(row[c] * vectors[c][d] for c in best) / total for d in dimensions])
    return result


@settings(max_examples=40, deadline=None)
@given(classes=st.integers(1, 8), dim=st.integers(1, 4), seed=st.integers(0, 99), data=st.data())
def test_the_combination_is_that_of_the_paper(classes, dim, seed, data):
    top = data.draw(st.integers(1, classes))
    random = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(3, classes, generator=random).softmax(dim=1)
    vectors = torch.randn(classes, dim, generator=random)
    expected = naive(probabilities.tolist(), vectors.tolist(), top)
    np.testing.assert_allclose(convex_combination(probabilities, vectors, top), expected, atol=1e-5)


def test_a_certain_classifier_gives_the_vector_of_the_class(conse, class_vectors):
    certain = torch.zeros(1, 1000)
    certain[0, 281] = 1
    vector = convex_combination(certain, torch.from_numpy(class_vectors), 10).numpy()
    np.testing.assert_allclose(vector, conse.encode_texts([class_names(1000)[281]]), atol=1e-5)


def test_both_towers_give_unit_vectors_of_one_space(conse):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 224, 224), dtype=np.uint8)
    for vectors in (conse.encode_pixels(pixels), conse.encode_texts(["a dog", ""])):
        assert vectors.shape == (2, 384) == (2, conse.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_second_load_gives_the_same_bytes(conse):
    pixels = np.random.default_rng(1).integers(0, 256, (2, 3, 224, 224), dtype=np.uint8)
    again = load_scorer(PARAMS, "cpu")
    assert conse.encode_pixels(pixels).tobytes() == again.encode_pixels(pixels).tobytes()


def test_the_classifier_is_the_networks_own(conse, class_vectors):
    network = timm.create_model("tf_efficientnet_lite0").eval()
    packaged = torch.load(packaged_file(), weights_only=True)
    network.load_state_dict(named_by_timm(packaged, network.state_dict()))
    pixels = np.random.default_rng(2).integers(0, 256, (2, 3, 224, 224), dtype=np.uint8)
    with torch.inference_mode():
        probabilities = network((torch.from_numpy(pixels).float() - 127) / 128).softmax(dim=1)
    expected = np.array(naive(probabilities.tolist(), class_vectors.tolist(), 10))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(conse.encode_pixels(pixels), expected, atol=1e-4)


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="no sample of photographs next to the project")
def test_a_photograph_is_nearer_to_its_own_theme_than_to_anothers(conse):
    paths = sorted(PHOTOGRAPHS.iterdir())[::3]
    themes = [path.stem.rstrip(" 0123456789").lower() for path in paths]
    pixels = np.stack([conse.preprocess.pixels(Image.open(path)) for path in paths])
    cosines = conse.encode_pixels(pixels) @ conse.encode_texts(themes).T
    own, others = np.diag(cosines), np.diag(np.roll(cosines, 7, axis=1))
    assert roc_auc_score([1] * len(own) + [0] * len(own), [*own, *others]) > 0.7


@pytest.mark.parametrize("given_", [{"weights": "mine.pth"}, {"sha256": "0" * 64}])
def test_weights_of_ones_own_are_refused_rather_than_ignored(given_):
    with pytest.raises(UserError, match="brings its own weights"):
        load_scorer(PARAMS.model_copy(update=given_), "cpu")


def test_a_misspelt_name_is_refused():
    with pytest.raises(UserError, match="did you mean 'efficientnet_lite0-minilm'"):
        load_scorer(PARAMS.model_copy(update={"name": "efficientnet-minilm"}), "cpu")
