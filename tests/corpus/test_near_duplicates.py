"""The index on disk against comparing everything with everything."""

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.near_duplicates import NearDuplicates


def naive(hashes: list[int], distance: int) -> list[int | None]:
    """The earliest earlier hash within the distance that has none itself."""
    marks: list[int | None] = []
    for place, value in enumerate(hashes):
        earlier = [
            other
            for other in range(place)
            if marks[other] is None
            and value
            and hashes[other]
            and (hashes[other] ^ value).bit_count() <= distance
        ]
        marks.append(earlier[0] if earlier else None)
    return marks


def indexed(hashes: list[int], distance: int, block: int) -> list[int | None]:
    connection = sqlite3.connect(":memory:")
    near = NearDuplicates(connection, distance)
    marks: list[int | None] = []
    for start in range(0, len(hashes), block):
        rows = range(start, min(start + block, len(hashes)))
        marks += near.mark(list(rows), hashes[start : start + block])
    connection.close()
    return marks


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 8), st.integers(1, 40), st.data())
def test_agrees_with_comparing_all(distance: int, block: int, data: st.DataObject) -> None:
    seeds = data.draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    flips = st.lists(st.integers(0, 63), max_size=distance + 2)
    hashes = []
    for _ in range(data.draw(st.integers(1, 60))):
        value = data.draw(st.sampled_from([*seeds, 0]))
        for bit in data.draw(flips):
            value ^= 1 << bit
        hashes.append(value)
    assert indexed(hashes, distance, block) == naive(hashes, distance)


@pytest.mark.parametrize("distance", range(9))
def test_finds_every_pattern_of_differing_bits(distance: int) -> None:
    rng = np.random.default_rng(distance)
    hashes = []
    for _ in range(150):
        value = int(rng.integers(1, 2**63)) * 2 + 1
        other = value
        for bit in rng.choice(64, distance, replace=False):
            other ^= 1 << int(bit)
        hashes += [value, other]
    marks = indexed(hashes, distance, 64)
    assert marks[1::2] == list(range(0, 300, 2))


def test_what_is_kept_lies_apart() -> None:
    rng = np.random.default_rng(0)
    centres = rng.integers(1, 2**63, 20)
    hashes = [int(rng.choice(centres)) ^ (1 << int(rng.integers(64))) for _ in range(600)]
    marks = indexed(hashes, 4, 50)
    kept = [value for value, mark in zip(hashes, marks, strict=True) if mark is None]
    assert min((one ^ other).bit_count() for one in kept for other in kept if one is not other) > 4
    assert all(marks[mark] is None for mark in marks if mark is not None)
