import numpy as np

from pacl_core.methods.feng import permutations
from tests.methods.feng.published_values import published

FOUND = permutations()


def test_they_are_the_two_cosets_of_the_fixture() -> None:
    said = published("jigsaw")["group"]["cosets_e1_and_e2"]
    assert FOUND.shape == (said["count"], 9) and FOUND.dtype == np.int64
    assert FOUND[:3].tolist() == said["sorted_first"] and FOUND[-1].tolist() == said["sorted_last"]
    assert np.array_equal(FOUND, np.unique(FOUND, axis=0))
    assert not (np.arange(9) == FOUND).all(axis=1).any()
    assert (np.sort(FOUND, axis=1) == np.arange(9)).all()


def test_any_two_differ_in_six_places_or_more_as_often_as_published() -> None:
    said = published("jigsaw")["group"]["cosets_e1_and_e2"]
    distances = (FOUND[:, None] != FOUND[None]).sum(axis=2)[np.triu_indices(len(FOUND), 1)]
    values, counts = np.unique(distances, return_counts=True)
    assert dict(zip(map(str, values.tolist()), counts.tolist(), strict=True)) == said["histogram"]
    assert distances.min() == said["min_hamming"]
    assert round(float(distances.mean()), 4) == said["mean_hamming"]


def test_every_tile_is_at_every_place_as_often() -> None:
    times = np.stack([np.bincount(column, minlength=9) for column in FOUND.T])
    assert (times == 112).all()
