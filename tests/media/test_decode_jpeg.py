"""Stored images decode to the pixels of Pillow's decoder, the reference."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.media.images import decode_jpeg, normalise_image

BOUND = 1  # of 255; equal on every image tried, but two builds of libjpeg-turbo may round apart


def encoded(mode: str, width: int, height: int, seed: int, **options: object) -> bytes:
    """Noise over a gradient: every frequency, and none alone."""
    rng = np.random.default_rng(seed)
    values = np.linspace(0, 200, width)[None, :, None] + rng.integers(0, 55, (height, width, 3))
    stream = BytesIO()
    Image.fromarray(values.astype(np.uint8)).convert(mode).save(stream, "JPEG", **options)
    return stream.getvalue()


def difference(jpeg: bytes) -> int:
    reference = Image.open(BytesIO(jpeg)).convert("RGB")
    found = decode_jpeg(jpeg)
    assert (found.mode, found.size) == ("RGB", reference.size)
    return int(np.abs(np.asarray(found, int) - np.asarray(reference, int)).max())


@settings(max_examples=200, deadline=None)
@given(
    mode=st.sampled_from(["RGB", "L"]),
    width=st.integers(2, 70),  # narrower ones are rejected
    height=st.integers(2, 70),
    seed=st.integers(0, 1000),
    side=st.sampled_from([16, 32, 256]),
)
def test_stored_images_have_the_reference_pixels(mode, width, height, seed, side):
    stored = normalise_image(encoded(mode, width, height, seed), side)
    assert difference(stored.jpeg) <= BOUND


@settings(max_examples=100, deadline=None)
@given(
    mode=st.sampled_from(["RGB", "L"]),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    quality=st.integers(5, 100),
    progressive=st.booleans(),
)
def test_any_jpeg_without_chroma_subsampling_has_them_too(mode, width, height, quality, progressive):
    options = {"quality": quality, "progressive": progressive}
    if mode == "RGB":
        options["subsampling"] = "4:4:4"
    assert difference(encoded(mode, width, height, 0, **options)) <= BOUND


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:20], lambda data: b"<html>"])
def test_damaged_bytes_are_one_line(damage):
    with pytest.raises(UserError, match="a stored image is damaged"):
        decode_jpeg(damage(encoded("RGB", 30, 30, 0)))
