"""Records as written in YAML: what is wrong, in one line that names the key."""

from pathlib import Path

import pytest

from pacl_core.datasets.record import load_record
from pacl_core.errors import UserError


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("{kind: regression, columns: [v], scale: [9, 1]}", "'scale' is the least and the greatest value"),
        ("{kind: regression, columns: [v, v], scale: [1, 9]}", "a name is repeated"),
        ("{kind: regression, columns: [split], scale: [1, 9]}", "'split' is a column of every data set"),
        ("{kind: single_label, column: label}", "a single_label task needs 'classes'"),
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
