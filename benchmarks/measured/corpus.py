"""Synthetic corpora: a folder of noise images with texts, and stored pairs without reading one."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

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
