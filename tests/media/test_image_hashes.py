"""The perceptual hash on images drawn at random: what must keep it, what must change it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.fft import dctn

from pacl_core.media.image_hashes import FLAT, differing_bits, near, perceptual_hash
from pacl_core.media.images import decode_jpeg, normalise_image


def scene(seed: int, side: int = 256) -> Image.Image:
    """A random image with structure at every scale, as photographs have it."""
    generator = np.random.default_rng(seed)
    total = np.zeros((side, side, 3))
    for cells in (2, 4, 8, 16, 32):
        coarse = Image.fromarray(generator.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=float) / cells
    return Image.fromarray((255 * (total - total.min()) / np.ptp(total)).astype(np.uint8))


def distance(one: Image.Image, other: Image.Image) -> int:
    return (perceptual_hash(one) ^ perceptual_hash(other)).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_definition_written_out(seed: int) -> None:
    small = scene(seed).convert("L").resize((32, 32), Image.Resampling.LANCZOS, reducing_gap=2.0)
    low = dctn(np.asarray(small, dtype=float), norm="ortho")[:8, :8].ravel()
    bits = "".join("1" if value > np.median(low) else "0" for value in low)
    assert perceptual_hash(scene(seed)) == int(bits, 2)


def test_encoding_size_and_brightness_barely_change_it() -> None:
    for seed in range(10):
        image = scene(seed)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=40)
        assert distance(image, decode_jpeg(stream.getvalue())) <= 2
        assert distance(image, image.resize((90, 90), Image.Resampling.BICUBIC)) <= 2
        assert distance(image, ImageEnhance.Brightness(image).enhance(0.8)) <= 2


def test_other_images_are_far() -> None:
    scenes = [scene(seed) for seed in range(30)]
    assert min(distance(one, other) for one in scenes for other in scenes if one is not other) > 10


def test_a_flat_image_has_none() -> None:
    assert perceptual_hash(Image.new("RGB", (64, 48), (180, 20, 90))) == 0
    noise = np.random.default_rng(0).integers(127, 129, (64, 64, 3), dtype=np.uint8)
    assert perceptual_hash(Image.fromarray(noise)) == 0


def test_a_normalised_image_carries_the_hash_of_its_pixels() -> None:
    stream = io.BytesIO()
    scene(3).save(stream, "PNG")
    image = normalise_image(stream.getvalue(), 256)
    assert image.perceptual_hash == perceptual_hash(scene(3))
    assert image.perceptual_hash.bit_length() <= 64


@pytest.mark.parametrize("distance", [0, 2, 16])
def test_near_is_at_most_so_many_bits_and_never_of_a_flat_image(distance: int) -> None:
    generator = np.random.default_rng(distance)
    flipped = [
        sum(1 << int(bit) for bit in generator.choice(64, count, replace=False)) for count in range(20)
    ]
    own = 0xFEDC_BA98_7654_3210
    hashes = [own ^ bits for bits in flipped] + [FLAT]
    found = near(np.array(hashes, np.uint64), np.uint64(own), distance)
    assert found.tolist() == [count <= distance for count in range(20)] + [False]
    assert differing_bits(np.array(hashes, np.uint64), np.uint64(own)).tolist() == [
        *range(20),
        own.bit_count(),
    ]
    assert not near(np.array([FLAT, 1], np.uint64), np.uint64(FLAT), distance).any()
    assert not near(np.array([FLAT], np.uint64), np.uint64(1), distance).any()
