"""CLIP as scorer (`open_clip`) gives open_clip's own vectors."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from pacl_core.models.scorers import load_scorer
from pacl_core.params.models import ScorerParams
from tests.tiny_checkpoints import write_tiny_open_clip

TEXTS = ["a happy dog", "", "word " * 100]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    return write_tiny_open_clip(folder), open_clip.create_model(f"local-dir:{folder}").eval(), folder


def test_image_vectors_are_open_clips(tiny):
    params, plain, folder = tiny
    scorer = load_scorer(ScorerParams(**params), "cpu")
    values = np.random.default_rng(0).integers(0, 256, (2, 50, 70, 3), dtype=np.uint8)
    images = [Image.fromarray(value) for value in values]
    ours = scorer.encode_pixels(np.stack([scorer.preprocess.pixels(image) for image in images]))
    _, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    with torch.no_grad():
        theirs = plain.encode_image(torch.stack([transform(image) for image in images]), normalize=True)
    assert ours.shape == (2, scorer.dim)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_text_vectors_are_open_clips(tiny):
    params, plain, folder = tiny
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS)
    scorer = load_scorer(ScorerParams(**params), "cpu")
    with torch.no_grad():
        np.testing.assert_allclose(
            scorer.encode_texts(TEXTS), plain.encode_text(tokens, normalize=True), atol=1e-5
        )
    np.testing.assert_allclose(np.linalg.norm(scorer.encode_texts(TEXTS), axis=1), 1, atol=1e-5)
    assert not scorer.pads
