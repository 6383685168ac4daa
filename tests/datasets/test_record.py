"""Records as written in YAML: what is wrong, in one line that names the key."""

from pathlib import Path

import pytest

from pacl_core.datasets.record import evaluable, load_record, record_tasks
from pacl_core.errors import UserError


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{kind: regression, columns: [v], scale: [9, 1]}", "'scale' is the least and the greatest value"),
        ("{kind: regression, columns: [v, v], scale: [1, 9]}", "a name is repeated"),
        ("{kind: regression, columns: [split], scale: [1, 9]}", "'split' is a column of every data set"),
        ("{kind: single_label, column: label}", "a single_label task needs 'classes'"),
        ("{kind: caption}", "a caption task needs 'column'"),
        ("{kind: caption, column: c, classes_from: data}", "'classes_from' is for a single_label task"),
        ("{kind: single_label, column: c, classes: [a], classes_from: data}", "'classes_from' is for"),
    ],
)
def test_a_task_that_cannot_be_stored_is_refused(tmp_path: Path, task: str, message: str) -> None:
    path = tmp_path / "record.yaml"
    path.write_text(f"reader: x\nsource: x\nlicence: x\ncitation: x\ntasks: {{t: {task}}}\n")
    with pytest.raises(UserError, match=message):
        load_record(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "reader: x\nsource: x\nlicence: x\ncitation: x\ntask: {}\n",
            "tasks: missing; task: unknown key; did you mean",
        ),
        ("- a list\n", "record.yaml: input should be a valid dictionary"),
        ("reader: [1,", "not valid YAML"),
        (None, "no such record of a data set; data/datasets/ holds those that exist"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "record.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_record(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)
    assert "\n" not in str(caught.value)


def written(path: Path, more: str) -> Path:
    """A record of captions, with more keys."""
    task = "tasks: {c: {kind: caption, column: utterance}}"
    path.write_text(f"reader: x\nsource: x\nlicence: x\ncitation: x\n{task}\n{more}\n")
    return path


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("splits: [train]", r"'splits' is \[train, val, test\] or \[train, val\]"),
        ("splits: [val, train]", "'splits' is"),
        ("splits: [train, dev]", "splits.1"),
        ("ratio: {train: 9, val: 1}", "'ratio' gives the parts of train, val, test"),
        ("ratio: {train: 9, val: 1, test: 0}", "ratio.test"),
    ],
)
def test_splits_that_cannot_be_are_refused(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_record(written(tmp_path / "record.yaml", more))


def test_a_caption_is_one_column_that_no_protocol_evaluates(tmp_path: Path) -> None:
    record = load_record(written(tmp_path / "record.yaml", ""))
    (task,) = record_tasks(record)
    assert (task.kind, task.columns, task.classes) == ("caption", ("c",), None)
    with pytest.raises(UserError, match=r"downstream.x: no protocol evaluates captions \(task 'c'\)"):
        evaluable(record, "downstream.x")
    untested = load_record(written(tmp_path / "record.yaml", "splits: [train, val]"))
    with pytest.raises(
        UserError, match=r"downstream.x: its record has no test split; list it under pretext_sets"
    ):
        evaluable(untested, "downstream.x")
