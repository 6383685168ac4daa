"""How an emoji post was made, and what a perfect partition would find."""

from pacl_core.corpus.provenance import MATCHED, Provenance


def test_provenance_says_what_a_perfect_partition_finds() -> None:
    assert set(MATCHED) == set(Provenance)
    assert len(set(MATCHED.values())) == 4
    assert MATCHED["kept"] == (True, True) and MATCHED["opposite_lookalike"] == (True, False)
