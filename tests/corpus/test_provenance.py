"""How an emoji post was made, and what a perfect partition would find."""

from pacl_core.corpus.provenance import MATCHED, MATCHED_SCENES, Provenance, SceneTruth


def test_provenance_says_what_a_perfect_partition_finds() -> None:
    assert set(MATCHED) == set(Provenance)
    assert len(set(MATCHED.values())) == 4
    assert MATCHED["kept"] == (True, True) and MATCHED["opposite_lookalike"] == (True, False)


def test_so_does_the_truth_of_a_scene_by_other_names() -> None:
    assert set(MATCHED_SCENES) == set(SceneTruth)
    assert len(set(MATCHED_SCENES.values())) == 4 and not set(MATCHED_SCENES) & set(MATCHED)
    assert MATCHED_SCENES["partial_factual"] == (True, False)
