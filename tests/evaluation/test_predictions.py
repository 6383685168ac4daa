"""Predictions come back as they were written."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import (
    SCHEMA,
    Outcome,
    over_trainings,
    read_predictions,
    write_predictions,
)
from tests.evaluation.drawn_predictions import VALENCE, of_polarity, of_valence


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


def test_predictions_of_several_trainings_name_them_and_those_of_one_do_not(tmp_path):
    drawn = of_valence(items=5, seeds=6)
    several = replace(drawn, training_seeds=(4, 2))
    write_predictions(tmp_path / "several.parquet", [several])
    back = read_predictions(tmp_path / "several.parquet", "valence", "test")
    assert (back.training_seeds, back.trainings) == ((4, 2), 2)
    assert (back.prediction == drawn.prediction).all() and back.item_ids == drawn.item_ids
    table = pq.read_table(tmp_path / "several.parquet")
    assert table.column_names == [*SCHEMA.names, "training_seed"]
    rows = table.filter((table["training_seed"].to_numpy() == 2) & (table["seed"].to_numpy() == 1))
    assert np.array_equal(np.stack(rows["prediction"].to_numpy()), drawn.prediction[4])
    write_predictions(tmp_path / "one.parquet", [drawn])
    assert pq.read_schema(tmp_path / "one.parquet").names == SCHEMA.names


def test_outcomes_of_trainings_are_one_with_the_first_ones_choices(tmp_path):
    drawn = of_valence(items=5, seeds=6)
    first, second = (
        Outcome(VALENCE, [replace(drawn, prediction=drawn.prediction[part])], {"epochs": epochs})
        for part, epochs in ((slice(0, 3), [1]), (slice(3, 6), [2]))
    )
    assert over_trainings({0: [first]}) == [first]
    (both,) = over_trainings({0: [first], 1: [second]})
    assert both.test.training_seeds == (0, 1)
    assert (both.test.prediction == drawn.prediction).all()
    assert both.chosen == {"epochs": [1], "training_seeds": {"1": {"epochs": [2]}}}
