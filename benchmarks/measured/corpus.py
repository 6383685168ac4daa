"""Synthetic corpora: a folder of noise images with texts, and stored pairs without reading one."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from pacl_core.media.images import normalise_image

WORDS = ("happy", "sad", "calm", "angry", "lovely", "awful", "sunny", "dark", "little", "great")


def text(number: int, rng: np.random.Generator) -> str:
    """A text of tweet length; its number makes it one of a kind."""
    return f"{' '.join(rng.choice(WORDS, 9))} day {number} #mood"


def jpeg(rng: np.random.Generator, size: int) -> bytes:
    """An image of noise: no two are alike."""
    stream = io.BytesIO()
    pixels = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def write_folder(folder: Path, pairs: int, size: int) -> None:
    """`pairs` images of `size` pixels with a text each, as the reader `folder` takes them."""
    rng = np.random.default_rng(0)
    for number in range(pairs):
        place = folder / f"{number // 1000:05d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:08d}.jpg").write_bytes(jpeg(rng, size))
        (place / f"{number:08d}.txt").write_text(text(number, rng), encoding="utf-8")


_WORDS = ("sun", "rain", "happy", "dog", "street", "lonely", "old tree", "sea", "laughing", "broken window")


def photographs(count: int) -> pa.Table:
    """Stored pairs of photograph-like images, 341 x 256, and texts of 3 to 40 words, none twice."""
    rng = np.random.default_rng(0)
    names = ("sample_id", "text", "image", "pixel_hash", "perceptual_hash")
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
        smooth = np.asarray(coarse.resize((341, 256), Image.Resampling.BICUBIC), int)
        noisy = np.clip(smooth + rng.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noisy).save(stream, "PNG")
        image = normalise_image(stream.getvalue(), 256)
        rows["sample_id"].append(f"post{number}")
        rows["text"].append(" ".join([str(number), *rng.choice(_WORDS, int(rng.integers(3, 41)))]))
        rows["image"].append(image.jpeg)
        rows["pixel_hash"].append(image.pixel_hash)
        rows["perceptual_hash"].append(image.perceptual_hash)
    hashes = pa.array(rows.pop("perceptual_hash"), pa.uint64())  # too large for the signed type of integers
    return pa.table(rows).append_column("perceptual_hash", hashes)
