"""The four partitions (`partitions`) and their rules, as paper 3.1 and 3.3 have them."""

import pytest

from pacl_core.methods.pacl.partitions import (
    PARTITIONS,
    PUBLISHED_SHARES,
    REBUILDS,
    USES_EMOTIONAL,
    USES_FACTUAL,
)


@pytest.mark.parametrize(
    ("partition", "factual", "emotional", "rebuilds"),
    [
        ("strong", False, False, False),  # Eq. 5
        ("partial_emotional", True, False, False),  # Eq. 8: facts do not match, so F is in doubt
        ("partial_factual", False, True, False),  # Eq. 11
        ("weak", True, True, True),  # Eq. 12 to 14
    ],
)
def test_the_rule_of_each(partition: str, factual: bool, emotional: bool, rebuilds: bool) -> None:
    assert (partition in USES_FACTUAL, partition in USES_EMOTIONAL) == (factual, emotional)
    assert (partition in REBUILDS) == rebuilds


def test_there_are_four_from_strong_to_weak_and_no_rule_is_of_another() -> None:
    assert PARTITIONS[0] == "strong" and PARTITIONS[-1] == "weak" and len(set(PARTITIONS)) == 4
    assert {*USES_FACTUAL, *USES_EMOTIONAL, *REBUILDS} <= set(PARTITIONS)


def test_published_shares_are_of_all_pairs() -> None:
    assert sum(PUBLISHED_SHARES.values()) == pytest.approx(1)
    for partition in PARTITIONS:
        assert sum(partition.startswith(name) for name in PUBLISHED_SHARES) == 1
