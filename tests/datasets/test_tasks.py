"""Tasks as their description states them, targets that can be none, and the rows of each split."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets.task_data import read_task_data, read_task_rounds
from pacl_core.datasets.tasks import Level, Task, read_tasks, targets, texts
from pacl_core.errors import UserError

VALENCE = Task("valence", "regression", ("valence",), scale=(1, 7))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "positive"), words=("bad", "good"))
TREE = Task(
    "tree",
    "hierarchical",
    ("coarse", "fine"),
    levels=(Level("coarse", ("x", "y")), Level("fine", ("a", "b", "c"))),
    ancestors=((0,), (0,), (1,)),
)


def test_a_description_gives_the_tasks_that_were_written(tmp_path):
    tasks = [VALENCE, POLARITY, TREE]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"name": "x", "tasks": [task.to_json() for task in tasks]}))
    assert read_tasks(path) == tasks
    assert [task.outputs for task in tasks] == [1, 2, 5]
    assert TREE.level_slices == (slice(0, 2), slice(2, 5))


@pytest.mark.parametrize(
    ("text", "message"), [(None, "missing"), ('{"tasks": [{}]}', "not a data set's description")]
)
def test_a_file_that_is_no_description_is_refused(tmp_path, text, message):
    if text:
        (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_tasks(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("task", "rows", "message"),
    [
        (VALENCE, [[1.0], [float("nan")]], "1 items have a non-finite target, first 'b'"),
        (POLARITY, [[1], [2]], r"a class index outside 0\.\.1, first 'b'"),
        (TREE, [[1, 2], [1, 3]], r"a class index outside 0\.\.2, first 'b'"),
        (TREE, [[1, 2], [1, None]], "a target in some columns only, first 'b'"),
        (Task("m", "multi_label", ("m",), ("m",)), [[1.0], [0.5]], "a mark that is not 0 or 1, first 'b'"),
        (Task("d", "distribution", ("d",), ("d",)), [[1.0], [0.7]], "do not sum to 1, first 'b'"),
    ],
)
def test_a_target_that_cannot_be_one_is_refused(task, rows, message):
    columns = dict(zip(task.columns, zip(*rows, strict=True), strict=True))
    with pytest.raises(UserError, match=message):
        targets(task, pa.table({name: pa.array(values) for name, values in columns.items()}), ["a", "b"])


@pytest.fixture
def dataset(tmp_path):
    """Eight items, two of each of train and val, four of test; the second of train has no valence."""
    columns = {
        "item_id": list("abcdefgh"),
        "split": ["train", "train", "val", "val", "test", "test", "test", "test"],
        "valence": pa.array([0.1, None, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], pa.float32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "d.parquet")
    return tmp_path / "d.parquet"


def test_an_item_without_a_target_is_in_no_split_and_an_excluded_one_not_in_test(dataset):
    data = read_task_data(VALENCE, dataset, {"a", "f"})
    assert {name: rows.tolist() for name, rows in data.rows.items()} == {
        "train": [0],
        "val": [2, 3],
        "test": [4, 6, 7],
    }
    assert np.isnan(data.target[1]).all()


def test_a_split_that_exclusion_empties_is_refused(dataset):
    with pytest.raises(UserError, match="no items in split 'test' after leaving out 4 leaked"):
        read_task_data(VALENCE, dataset, set("efgh"))


def write_folds(dataset, fold, val_of):
    """The data set again, without regard to its split; the second item has no valence."""
    table = pq.read_table(dataset)
    for name, values in (("fold", fold), ("val_of", val_of)):
        table = table.append_column(name, pa.array(values, pa.int8()))
    pq.write_table(table, dataset)


FOLDS = [0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 1, None, 0, 0, None, None]


def test_rounds_have_each_item_with_a_target_once_in_test_unless_it_is_excluded(dataset):
    before = read_task_data(VALENCE, dataset, {"a", "f"})
    write_folds(dataset, *FOLDS)
    found = [
        {name: rows.tolist() for name, rows in one.rows.items()}
        for one in read_task_rounds(VALENCE, dataset, {"a", "f"})
    ]
    assert found == [
        {"train": [6, 7], "val": [4, 5], "test": [2, 3]},
        {"train": [3], "val": [0, 2], "test": [4, 6, 7]},
    ]
    again = read_task_data(VALENCE, dataset, {"a", "f"}).rows  # the split stays
    assert {name: rows.tolist() for name, rows in again.items()} == {
        name: rows.tolist() for name, rows in before.rows.items()
    }


def test_without_folds_the_split_is_the_only_round(dataset):
    (only,) = read_task_rounds(VALENCE, dataset, {"a"})
    assert {name: rows.tolist() for name, rows in only.rows.items()} == {
        "train": [0],
        "val": [2, 3],
        "test": [4, 5, 6, 7],
    }


def test_a_fold_without_test_items_has_no_round_and_too_few_to_fit_on_are_refused(dataset):
    write_folds(dataset, *FOLDS)
    (only,) = read_task_rounds(VALENCE, dataset, set("efgh"))
    assert only.rows["test"].tolist() == [0, 2, 3]
    with pytest.raises(UserError, match="no items to predict in any fold after leaving out 8 leaked"):
        read_task_rounds(VALENCE, dataset, set("abcdefgh"))
    whole = pq.read_table(dataset)
    pq.write_table(whole.set_column(4, "val_of", pa.array([None] * 8, pa.int8())), dataset)
    with pytest.raises(UserError, match=r"too few items for 2 folds: none in 'val'.*lower evaluate\.folds"):
        read_task_rounds(VALENCE, dataset)


def test_a_missing_file_or_column_is_named(dataset, tmp_path):
    with pytest.raises(UserError, match=r"none\.parquet: missing"):
        read_task_data(VALENCE, tmp_path / "none.parquet")
    with pytest.raises(UserError, match=r"task 'polarity'.*run 'dvc repro downstream' again"):
        read_task_data(POLARITY, dataset)


def test_captions_are_texts_and_no_numbers():
    task = Task("said", "caption", ("said",))
    table = pa.table({"said": ["a dog", None]})
    assert texts(task, table) == ["a dog", None]
    assert Task.from_json(task.to_json()) == task
    with pytest.raises(UserError, match="task 'said': its targets are texts, not numbers"):
        targets(task, table, ["a", "b"])
    for wrong in (POLARITY, Task("other", "caption", ("other",))):
        with pytest.raises(UserError, match=f"task '{wrong.name}': no column of texts"):
            texts(wrong, table)
