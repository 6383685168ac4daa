from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pacl_core.methods.pacl.partition.agreement import agreement, auc
from tests.methods.pacl.partition.columns import column

TRUTH = {"kept": (True, True), "random": (False, False)}


@pytest.fixture
def artefacts(tmp_path: Path) -> tuple[Path, Path]:
    ids = pl.Series("sample_id", ["a", "b", "c", "d"])
    pl.DataFrame([ids, pl.Series("provenance", ["kept", "kept", "random", "random"])]).write_parquet(
        tmp_path / "pairs.parquet"
    )
    pl.DataFrame(
        [
            ids,
            pl.Series("factual_value", [0.9, 0.2, 0.3, 0.1], pl.Float32),
            pl.Series("emotional_value", [0.9, 0.8, 0.1, None], pl.Float32),
            pl.Series("partition", ["strong", "weak", "weak", "partial_factual"]),
        ]
    ).write_parquet(tmp_path / "partition.parquet")
    return tmp_path / "pairs.parquet", tmp_path / "partition.parquet"


def test_precision_and_recall_of_a_hand_worked_case(artefacts: tuple[Path, Path]) -> None:
    found = agreement(*artefacts, TRUTH)
    assert found is not None
    assert found["factual_auc"] == pytest.approx(0.75)  # 3 of 4 kept-random pairs in order
    assert found["emotional_auc"] == pytest.approx(1.0)
    assert found["accuracy"] == pytest.approx(0.5)
    table = found["per_partition"]
    assert table["strong"] == {"pairs": 1, "precision": 1.0, "recall": 0.5}
    assert table["weak"] == {"pairs": 2, "precision": 0.5, "recall": 0.5}
    assert table["partial_factual"] == {"pairs": 1, "precision": 0.0, "recall": None}


@pytest.mark.parametrize("provenance", [None, "unheard of"])
def test_a_corpus_that_is_not_known_throughout_has_no_agreement(
    artefacts: tuple[Path, Path], provenance: str | None
) -> None:
    pairs = pl.read_parquet(artefacts[0])
    pairs[2, "provenance"] = provenance
    pairs.write_parquet(artefacts[0])
    assert agreement(*artefacts, TRUTH) is None


def test_auc_of_one_class_is_none_not_nan() -> None:
    assert auc(column([0.1, 0.2]), [np.array([True, True])]) is None


@settings(deadline=None)  # files on a busy disk
@given(st.lists(st.tuples(st.sampled_from([-0.5, 0.1, 0.3, 0.7]), st.booleans()), max_size=40))
def test_auc_is_that_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    truth = np.array([match for _, match in pairs], bool)
    found = auc(column([score for score, _ in pairs]), [truth[:3], truth[3:]])
    if len(set(truth.tolist())) < 2:
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score(truth, [score for score, _ in pairs]))
