"""Few labels: the draws are nested, in proportion and the same for every variant; fits as by hand."""

import logging
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.features import unit_length
from pacl_core.datasets.task_data import TaskData, read_task_data, read_task_rounds
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import NotApplicableError
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.few_shot import DRAWS, drawn, run
from pacl_core.evaluation.protocols.heads import Examples, head_prediction
from pacl_core.evaluation.protocols.probes import fit_convex
from tests.evaluation.protocols.test_linear import ALL, TASKS, planted, write_dataset, write_folds

LABEL = Task("label", "single_label", ("label",), ("a", "b", "c"))


def data(labels: list[int]) -> TaskData:
    target = np.array(labels, np.float32)[:, None]
    rows = np.arange(len(labels))
    return TaskData(LABEL, [str(row) for row in rows], target, {"train": rows, "val": rows, "test": rows})


@given(st.lists(st.integers(0, 2), min_size=2, max_size=80), st.integers(0, 5))
@settings(deadline=None)
def test_draws_are_nested_and_in_proportion(labels: list[int], draw: int) -> None:
    own, whole = data(labels), Counter(labels)
    before: set[int] = set()
    for count in range(1, len(labels) + 1):
        rows = drawn(own, "train", count, draw=draw)
        assert len(set(rows)) == count
        assert before <= set(rows)
        before = set(rows)
        for label, found in Counter(labels[row] for row in rows).items():
            assert abs(found - count * whole[label] / len(labels)) < 3
    again = drawn(own, "train", len(labels) // 2, draw=draw)
    assert again.tolist() == drawn(own, "train", len(labels) // 2, draw=draw).tolist()


def test_draws_differ_and_more_than_there_are_is_all() -> None:
    own = data([row % 3 for row in range(60)])
    assert len({tuple(drawn(own, "train", 10, draw=draw)) for draw in range(DRAWS)}) == DRAWS
    assert sorted(drawn(own, "val", 100, draw=0)) == list(range(60))


@pytest.mark.parametrize("kind", TASKS)
def test_predictions_are_those_of_probes_fitted_by_hand(tmp_path, kind) -> None:  # type: ignore[no-untyped-def]
    x, columns = planted(200)
    dataset = write_dataset(tmp_path, columns)
    outcomes = run([TASKS[kind]], DownstreamData(dataset, x), (16, 32), device="cpu")
    assert [one.task.name for one in outcomes] == [f"{TASKS[kind].name}, {n} labels" for n in (16, 32)]
    own = read_task_data(TASKS[kind], dataset)
    unit = torch.from_numpy(unit_length(x, own.item_ids, dataset))
    for outcome, count in zip(outcomes, (16, 32), strict=True):
        assert outcome.test.item_ids == [own.item_ids[row] for row in own.rows["test"]]
        assert outcome.test.prediction.shape == (DRAWS, 50, TASKS[kind].outputs)
        assert outcome.chosen["labels"] == count
        for draw in (0, DRAWS - 1):
            rows = [drawn(own, split, count, draw=draw) for split in ("train", "val")]
            assert [len(one) for one in rows] == [count, count]
            assert set(rows[0]) <= set(own.rows["train"]) and set(rows[1]) <= set(own.rows["val"])
            parts = (Examples(unit[one], torch.from_numpy(own.target[one])) for one in rows)
            heads, chosen = fit_convex(own.task, *parts)
            expected = head_prediction(own.task)(heads.outputs(unit[own.rows["test"]])[0])
            assert np.allclose(outcome.test.prediction[draw], expected.numpy(), atol=1e-6)
            assert outcome.chosen["draws"][draw] == chosen


def test_more_labels_tell_more(tmp_path) -> None:  # type: ignore[no-untyped-def]
    x, columns = planted(800)
    x = np.concatenate([x, np.random.default_rng(1).normal(size=(800, 40)) / 20], axis=1).astype(np.float32)
    task = TASKS["single_label"]
    few, many = run([task], DownstreamData(write_dataset(tmp_path, columns), x), (8, 256), device="cpu")
    right = [(one.test.prediction.argmax(axis=2) == one.test.target[:, 0]).mean() for one in (few, many)]
    assert right[0] + 0.05 < right[1] > 0.9


def test_each_item_of_folds_is_predicted_by_labels_of_other_folds(tmp_path) -> None:  # type: ignore[no-untyped-def]
    x, columns = planted(200)
    dataset = write_folds(tmp_path, columns)
    (outcome,) = run(ALL[:1], DownstreamData(dataset, x), (16,), device="cpu")
    assert sorted(outcome.test.item_ids) == [f"item{row:03}" for row in range(200)]
    assert outcome.test.prediction.shape == (DRAWS, 200, 1)
    assert [one["labels"] for one in outcome.chosen["folds"]] == [16] * 5
    for own in read_task_rounds(ALL[0], dataset):
        for draw in range(DRAWS):
            seen = {*drawn(own, "train", 16, draw=draw), *drawn(own, "val", 16, draw=draw)}
            assert not seen & set(own.rows["test"])


def test_numbers_beyond_the_training_items_are_left_out(tmp_path, caplog) -> None:  # type: ignore[no-untyped-def]
    x, columns = planted(60)
    downstream = DownstreamData(write_dataset(tmp_path, columns), x)
    with caplog.at_level(logging.WARNING):
        outcomes = run(ALL[:1], downstream, (16, 31), device="cpu")
    assert [one.task.name for one in outcomes] == ["valence, 16 labels"]
    assert "task 'valence': 30 items to draw 31 labels from: left out" in caplog.text
    with pytest.raises(NotApplicableError, match=r"photos has too few .* evaluate\.few_shot"):
        run(ALL[:1], downstream, (31,), device="cpu")


def test_items_without_a_target_are_never_drawn(tmp_path) -> None:  # type: ignore[no-untyped-def]
    _, columns = planted(60)
    columns["valence"] = [None if row % 3 == 0 else value for row, value in enumerate(columns["valence"])]
    dataset = write_dataset(tmp_path, columns)
    own = read_task_data(ALL[0], dataset)
    rows = drawn(own, "train", 60, draw=0)
    assert len(rows) == 20 and np.isfinite(own.target[rows]).all()
    assert pa.types.is_float32(pq.read_table(dataset)["valence"].type)
