"""CLIP as text encoder (`open_clip`) gives open_clip's own vectors, at their own length."""

from pathlib import Path

import numpy as np
import open_clip
import torch

from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params.models import TextEncoderParams
from tests.tiny_checkpoints import write_tiny_open_clip

TEXTS = ["a happy dog", "", "word " * 100]


def test_text_vectors_are_open_clips(tmp_path: Path) -> None:
    encoder = load_text_encoder(TextEncoderParams(**write_tiny_open_clip(tmp_path)), "cpu")
    plain = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    with torch.no_grad():
        theirs = plain.encode_text(open_clip.get_tokenizer(f"local-dir:{tmp_path}")(TEXTS))
    found = encoder.encode_texts(TEXTS)
    assert found.dtype == np.float32 and found.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(found, theirs.numpy(), atol=1e-5)
    assert not encoder.pads
