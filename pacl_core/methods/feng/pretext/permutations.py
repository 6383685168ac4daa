"""The permutations of nine tiles that a jigsaw may have: its classes."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

_INFINITY = 8
_MODULUS = 0b1011  # x^3 + x + 1


def permutations() -> NDArray[np.int64]:
    """`[1008, 9]`, sorted, so that a row's index is its class; the tile at place t is `perm[t]`.

    The maps x -> (a y + b) / (c y + d), y = x^2 or x^4, ad != bc, of the projective line over GF(8): two
    cosets of PGL(2, 8) in PGammaL(2, 8). No two rows agree in more than three places, none is the identity,
    and every tile is at every place 112 times. The 1000 of Feng et al. were found by search: two of them may
    agree in seven places.
    """
    found = {
        tuple(_image(point, matrix, power) for point in range(9))
        for power in (2, 4)
        for matrix in product(range(8), repeat=4)
        if _times(matrix[0], matrix[3]) != _times(matrix[1], matrix[2])
    }
    return np.array(sorted(found), np.int64)


def _image(point: int, matrix: tuple[int, ...], power: int) -> int:
    a, b, c, d = matrix
    if point == _INFINITY:
        above, below = a, c
    else:
        y = _power(point, power)
        above, below = _times(a, y) ^ b, _times(c, y) ^ d
    # b^6 is 1 / b: the group of GF(8) without 0 has seven elements
    return _times(above, _power(below, 6)) if below else _INFINITY


def _times(left: int, right: int) -> int:
    """The product in GF(8); its elements are polynomials over GF(2) as 3-bit numbers."""
    product_ = 0
    for bit in range(3):
        if right >> bit & 1:
            product_ ^= left << bit
    for bit in (4, 3):
        if product_ >> bit & 1:
            product_ ^= _MODULUS << (bit - 3)
    return product_


def _power(element: int, exponent: int) -> int:
    result = 1
    for _ in range(exponent):
        result = _times(result, element)
    return result
