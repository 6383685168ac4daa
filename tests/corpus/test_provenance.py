"""How a post was made, and what a perfect partition would find."""

from pacl_core.corpus.provenance import MATCHED, MATCHED_SCENES, Provenance, SceneTruth


def test_provenance_says_what_a_perfect_partition_finds() -> None:
    emoji = {name: MATCHED[name] for name in Provenance}
    assert len(set(emoji.values())) == 4
    assert MATCHED["kept"] == (True, True) and MATCHED["opposite_lookalike"] == (True, False)


def test_so_does_the_truth_of_a_scene_by_other_names() -> None:
    assert set(MATCHED_SCENES) == set(SceneTruth) and not set(SceneTruth) & set(Provenance)
    assert len(set(MATCHED_SCENES.values())) == 4
    assert MATCHED_SCENES["partial_factual"] == (True, False)


def test_a_record_of_either_corpus_is_known() -> None:
    assert set(MATCHED) == {*Provenance, *SceneTruth}
