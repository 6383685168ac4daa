import numpy as np
import pytest

from pacl_core.partition.agreement import agreement, auc

TRUTH = {"kept": (True, True), "random": (False, False)}


def test_precision_and_recall_of_a_hand_worked_case() -> None:
    found = agreement(
        provenance=["kept", "kept", "random", "random"],
        truth=TRUTH,
        factual=np.array([0.9, 0.2, 0.3, 0.1], np.float32),
        emotional=np.array([0.9, 0.8, 0.1, 0.2], np.float32),
        found=["strong", "weak", "weak", "partial_factual"],
    )
    assert found["factual_auc"] == pytest.approx(0.75)  # 3 of 4 kept-random pairs in order
    assert found["emotional_auc"] == pytest.approx(1.0)
    assert found["accuracy"] == pytest.approx(0.5)
    table = found["per_partition"]
    assert table["strong"] == {"pairs": 1, "precision": 1.0, "recall": 0.5}
    assert table["weak"] == {"pairs": 2, "precision": 0.5, "recall": 0.5}
    assert table["partial_factual"] == {"pairs": 1, "precision": 0.0, "recall": None}


def test_auc_of_one_class_is_none_not_nan() -> None:
    assert auc(np.array([0.1, 0.2], np.float32), np.array([True, True])) is None
