"""Damage as it happens to files, and as people who wish harm do it; seeded, so that a case comes again."""

import random
from collections.abc import Sequence

# sizes, counts and offsets that parsers trip over
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """`data` after one to four kinds of damage; pieces of `others` may get into it."""
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(_KINDS)(data, others, rng)
    return data


def _cut(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def _flip(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    flipped = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if flipped:
            # headers stand in front
            place = rng.randrange(min(len(flipped), rng.choice((64, 1024, len(flipped)))))
            flipped[place] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _number(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    width = rng.choice((1, 2, 4))
    value = (rng.choice(_NUMBERS) & (256**width - 1)).to_bytes(width, rng.choice(("big", "little")))
    place = rng.randint(0, min(len(data), rng.choice((64, 1024, len(data) + 1))))
    return data[:place] + value + data[place + width :]


def _splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(others)
    start, stop = sorted((rng.randint(0, len(other)), rng.randint(0, len(other))))
    place = rng.randint(0, len(data))
    return data[:place] + other[start:stop] + data[place + rng.choice((0, stop - start)) :]


def _remove(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(1, 64) :]


def _repeat(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start = rng.randint(0, len(data))
    piece = data[start : start + rng.randint(1, 64)]
    return data[:start] + piece * rng.randint(2, 20) + data[start:]


def _insert(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.randbytes(rng.randint(1, 32)) + data[place:]


_KINDS = (_cut, _flip, _flip, _number, _number, _splice, _remove, _repeat, _insert)
