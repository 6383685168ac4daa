"""Predictions come back as they were written."""

import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import read_predictions, write_predictions
from tests.evaluation.drawn_predictions import of_polarity, of_valence


def test_predictions_come_back_as_written(tmp_path):
    parts = [of_valence(), of_polarity()]
    write_predictions(tmp_path / "p.parquet", parts)
    for part in parts:
        back = read_predictions(tmp_path / "p.parquet", part.task, "test")
        assert back.item_ids == part.item_ids
        assert (back.target == part.target).all()
        assert (back.prediction == part.prediction).all()


def test_no_predictions_are_a_table_without_rows(tmp_path):
    write_predictions(tmp_path / "s.parquet", [])
    with pytest.raises(UserError, match="no predictions of task 'valence'"):
        read_predictions(tmp_path / "s.parquet", "valence", "test")
