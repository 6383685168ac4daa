"""Hashes of an image's pixels: one that any change alters, one that re-encoding and resizing barely alter."""

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FLAT = 0  # perceptual hash of an image without structure; no other image has it, and it is near to no hash

_SIDE, _LOW = 32, 8
# if the greys have a standard deviation below one of 255 levels, only noise is left of the image
_FLAT = 1.0
# orthonormal DCT-II of 32 values, its 8 lowest frequencies [8, 32]
_FREQUENCIES = np.cos(np.pi / _SIDE * np.outer(np.arange(_LOW), np.arange(_SIDE) + 0.5)) * np.sqrt(2 / _SIDE)
_FREQUENCIES[0] /= np.sqrt(2)


def pixel_hash(rgb: Image.Image) -> str:
    """Hex SHA-256 of size and RGB bytes."""
    return hashlib.sha256(struct.pack("<II", *rgb.size) + rgb.tobytes()).hexdigest()


def perceptual_hash(rgb: Image.Image) -> int:
    """pHash: signs of the 8 x 8 lowest DCT frequencies of the 32 x 32 grey image against their median.

    64 bits, row by row, the highest first; `FLAT` where there is no structure to compare. (Zauner,
    Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.)
    """
    # a box filter first, then Lanczos: half the time, and at most 2 bits differ
    small = rgb.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    grey = np.asarray(small, dtype=np.float64)
    if grey.std() < _FLAT:
        return FLAT
    # rounded: coefficients that vanish for a symmetric image must be the same zero on every machine
    low = np.round(_FREQUENCIES @ grey @ _FREQUENCIES.T, 3)
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def differing_bits(one: NDArray[np.uint64], other: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint8]:
    """Number of bits in which perceptual hashes differ."""
    bits: NDArray[np.uint8] = np.bitwise_count(one ^ other)
    return bits


def near(hashes_N: NDArray[np.uint64], own: np.uint64, distance: int) -> NDArray[np.bool_]:
    """Which images are near duplicates of one whose perceptual hash is `own`, [N]."""
    if own == FLAT:
        return np.zeros(len(hashes_N), np.bool_)
    found: NDArray[np.bool_] = (differing_bits(hashes_N, own) <= distance) & (hashes_N != FLAT)
    return found
