"""Small artefacts as text: sorted, finite, whole."""

from pathlib import Path

import pyarrow as pa
import pytest

from pacl_core.files.json_csv import read_json, read_rows, result_name, write_csv, write_json


def test_json_is_sorted_and_reads_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": "é", "a": [1.5, None]})
    assert (tmp_path / "a.json").read_text("utf-8") == (
        '{\n  "a": [\n    1.5,\n    null\n  ],\n  "b": "é"\n}\n'
    )
    assert read_json(tmp_path / "a.json") == {"a": [1.5, None], "b": "é"}


def test_a_nan_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert read_json(tmp_path / "a.json") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_csv_reads_back_as_text(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", pa.table({"name": ["a,b", 'say "hi"'], "value": [1.5, 2.0]}))
    assert read_rows(tmp_path / "a.csv") == [
        {"name": "a,b", "value": "1.5"},
        {"name": 'say "hi"', "value": "2"},
    ]


def test_a_results_name_has_no_blanks() -> None:
    assert result_name("fi", "linear", "valence (mean)", metric="r2") == "fi-linear-valence_mean-r2"
