"""Held-out pairs of which nothing trains."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards.read import Hashes, Samples, read_shards
from pacl_core.methods.pacl.training.held_out import GROUP, HeldOut, hold_out


class Pair(NamedTuple):
    """A pair as a test writes it down; `look` 0 is a flat image."""

    partition: str
    pixels: int
    look: int
    text: int


def stored(pairs: list[Pair]) -> tuple[list[Pair], Samples]:
    """The pairs in order of partition, and as they come from shards."""
    pairs = sorted(pairs, key=lambda pair: PARTITIONS.index(pair.partition))
    counts = Counter(pair.partition for pair in pairs)
    rows, first = {}, 0
    for name in PARTITIONS:
        rows[name] = range(first, first + counts[name])
        first += counts[name]
    hashes = Hashes(*(np.array([pair[field] for pair in pairs], np.uint64) for field in (1, 2, 3)))
    labels = np.zeros(first, np.int64)
    texts, places = np.zeros((first, 2), np.float32), np.zeros((first, 3), np.int64)
    ids = [f"post-{number}" for number in range(first)]
    return pairs, Samples(ids, rows, labels, labels, texts, [], places, hashes)


def same(one: Pair, other: Pair, distance: int) -> bool:
    if one.pixels == other.pixels or one.text == other.text:
        return True
    return one.look != 0 and other.look != 0 and (one.look ^ other.look).bit_count() <= distance


def by_hand(pairs: list[Pair], drawn: list[int], count: int, distance: int) -> tuple[set[int], set[int]]:
    """Rows that are held out, and those that leave training with them."""
    size = Counter(pair.partition for pair in pairs)
    held: set[int] = set()
    gone: set[int] = set()
    for row in drawn:
        group = {other for other, pair in enumerate(pairs) if same(pairs[row], pair, distance)}
        after = Counter(pairs[other].partition for other in gone | group)
        too_many = len(group) > GROUP or any(after[name] > size[name] // 3 for name in after)
        if len(held) < count and row not in gone and not too_many:
            held.add(row)
            gone |= group
    return held, gone - held


def order(samples: Samples, seed: int) -> list[int]:
    """Strong rows in the order in which they are drawn."""
    return np.random.default_rng((seed, 0x401D)).permutation(len(samples.rows["strong"])).tolist()


CORPORA = st.lists(
    st.builds(
        Pair,
        st.sampled_from(PARTITIONS),
        pixels=st.integers(0, 40),
        look=st.integers(0, 2**6).map(lambda bits: bits * 0x0104_1041_0410_4104 % 2**64),
        text=st.integers(0, 40),
    ),
    max_size=60,
)


@given(CORPORA, st.integers(0, 8), st.integers(0, 6), st.integers(0, 3))
def test_what_trains_and_what_does_not_is_that_of_a_loop(
    corpus: list[Pair], count: int, distance: int, seed: int
) -> None:
    pairs, samples = stored(corpus)
    found = hold_out(samples, count, distance=distance, seed=seed)
    held, left_out = by_hand(pairs, order(samples, seed), count, distance)
    assert found.held.tolist() == sorted(held)
    assert {name: rows.tolist() for name, rows in found.rows.items()} == {
        name: [row for row in rows if row not in held | left_out] for name, rows in samples.rows.items()
    }
    assert found.left_out == {name: len(left_out & set(rows)) for name, rows in samples.rows.items()}


@given(CORPORA, st.integers(0, 8), st.integers(0, 6), st.integers(0, 3))
def test_no_pair_that_trains_has_the_image_or_the_text_of_one_that_is_held_out(
    corpus: list[Pair], count: int, distance: int, seed: int
) -> None:
    pairs, samples = stored(corpus)
    found = hold_out(samples, count, distance=distance, seed=seed)
    assert len(found.held) <= count and {pairs[row].partition for row in found.held} <= {"strong"}
    trained = np.concatenate(list(found.rows.values()))
    for row in found.held:
        assert not any(same(pairs[row], pairs[other], distance) for other in trained)
        assert not any(same(pairs[row], pairs[other], distance) for other in found.held if other != row)
    for name, rows in found.rows.items():
        assert 3 * len(rows) >= 2 * len(samples.rows[name])


def apart(partition: str, count: int, first: int = 1) -> list[Pair]:
    """Pairs that have nothing in common."""
    looks = np.random.default_rng(first).integers(1, 2**63, count).tolist()
    return [Pair(partition, first + i, looks[i], first + i) for i in range(count)]


def test_held_out_pairs_are_strong_ones_drawn_by_the_seed() -> None:
    _, samples = stored(apart("strong", 12) + apart("weak", 9, first=100))
    found = hold_out(samples, 4, distance=4, seed=0)
    assert len(found.held) == 4
    assert sorted([*found.held, *found.rows["strong"]]) == list(range(12))
    assert list(found.rows["weak"]) == list(range(12, 21))
    again, other = (hold_out(samples, 4, distance=4, seed=seed).held.tolist() for seed in (0, 1))
    assert found.held.tolist() == again != other


def test_nothing_is_held_out_unless_asked() -> None:
    _, samples = stored(apart("strong", 12))
    found = hold_out(samples, 0, distance=4, seed=0)
    assert len(found.held) == 0 and list(found.rows["strong"]) == list(range(12))


def test_two_thirds_are_left_to_train_on() -> None:
    assert len(hold_out(stored(apart("strong", 12))[1], 100, distance=4, seed=0).held) == 4
    assert len(hold_out(stored(apart("weak", 3))[1], 12, distance=4, seed=0).held) == 0


@pytest.mark.parametrize("shared", ["pixels", "look", "text"])
def test_what_many_posts_have_in_common_stays_in_training(shared: str) -> None:
    """A placeholder, or a greeting: half of the strong pairs and a quarter of the others."""
    popular = [pair._replace(**{shared: 77}) for pair in apart("strong", 100, first=1000)]
    elsewhere = [pair._replace(**{shared: 77}) for pair in apart("weak", 50, first=2000)]
    pairs, samples = stored(popular + elsewhere + apart("strong", 100) + apart("weak", 150, first=3000))
    found = hold_out(samples, 30, distance=2, seed=0)
    assert len(found.held) == 30
    assert not any(getattr(pairs[row], shared) == 77 for row in found.held)
    assert sum(found.left_out.values()) == 0


def test_flat_images_are_near_to_none() -> None:
    _, samples = stored([pair._replace(look=0) for pair in apart("strong", 30)])
    found = hold_out(samples, 10, distance=16, seed=0)
    assert len(found.held) == 10 and sum(found.left_out.values()) == 0


@pytest.mark.parametrize(("distance", "leaves"), [(3, False), (4, True)])
def test_near_is_within_the_distance(distance: int, leaves: bool) -> None:
    strong = apart("strong", 3)
    weak = [
        pair._replace(look=twin.look ^ 0b1111 << 20)
        for pair, twin in zip(apart("weak", 3, first=100), strong, strict=True)
    ]
    _, samples = stored(strong + weak)
    found = hold_out(samples, 1, distance=distance, seed=0)
    assert found.left_out["weak"] == leaves
    assert [row + 3 in found.rows["weak"] for row in found.held] == [not leaves]


def test_shards_read_again_give_the_same_choice(make_shards, tmp_path: Path) -> None:
    """Each process reads for itself."""

    def chosen(work: str) -> HeldOut:
        (tmp_path / work).mkdir()
        return hold_out(read_shards(folder, tmp_path / work), 4, distance=4, seed=3)

    folder = make_shards()
    one, other = chosen("one"), chosen("other")
    np.testing.assert_array_equal(one.held, other.held)
    assert len(one.held) == 4 and one.left_out == other.left_out
    # the fixture's partial pairs say the text of the strong one of their number
    assert one.left_out["partial_emotional"] == 4
    assert not set(one.held + 12) & set(one.rows["partial_emotional"])
