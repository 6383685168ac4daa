"""Predictions come back from each form as they went in."""

import csv
import json

import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.inference.prediction_files import columns, json_line, prediction_writer

ANSWERS = [
    {"path": "é.jpg", "start": None, "end": None, "emotions": {"joy": 0.25, "fear": 0.75}},
    {"path": "gone.jpg", "error": "missing_image", "detail": "no file"},
    {"path": "v.mp4", "start": 0.0, "end": 1.5, "emotions": {"joy": 1 / 3, "fear": 2 / 3}},
]


def written(out, answers):
    with prediction_writer(out) as write:
        for answer in answers:
            write(answer)
    return out


def test_csv(tmp_path):
    lines = written(tmp_path / "p.csv", ANSWERS).read_text(encoding="utf-8").splitlines()
    assert lines == ["path,start,end,joy,fear", "é.jpg,,,0.25,0.75", "v.mp4,0.0,1.5,0.333333,0.666667"]


def test_parquet(tmp_path):
    table = pl.read_parquet(written(tmp_path / "p.parquet", ANSWERS))
    assert table.to_dicts() == [
        {"path": "é.jpg", "start": None, "end": None, "joy": 0.25, "fear": 0.75},
        {"path": "v.mp4", "start": 0.0, "end": 1.5, "joy": 1 / 3, "fear": 2 / 3},
    ]
    assert table.schema["start"] == pl.Float64  # where the first rows have none


def test_jsonl_holds_errors_too(tmp_path):
    lines = written(tmp_path / "p.jsonl", ANSWERS).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        ANSWERS[0],
        ANSWERS[1],
        ANSWERS[2] | {"emotions": {"joy": 0.333333, "fear": 0.666667}},
    ]


def test_heads_and_the_likeliest_classes_have_columns(tmp_path):
    heads = {"fi": {"emotion": {"awe": 0.5, "joy": 0.5}, "valence": 0.125}}
    answer = {"path": "a", "emotions": [["joy", 0.75], ["fear", 0.25]], "heads": heads}
    assert columns(answer) == {
        "path": "a",
        "label_1": "joy",
        "probability_1": 0.75,
        "label_2": "fear",
        "probability_2": 0.25,
        "fi.emotion.awe": 0.5,
        "fi.emotion.joy": 0.5,
        "fi.valence": 0.125,
    }
    row = pl.read_parquet(written(tmp_path / "p.parquet", [answer])).row(0, named=True)
    assert row == columns(answer)
    with written(tmp_path / "p.csv", [answer]).open() as file:
        assert next(csv.DictReader(file))["label_2"] == "fear"


def test_more_rows_than_a_row_group(tmp_path, monkeypatch):
    from pacl_core.inference import prediction_files

    monkeypatch.setattr(prediction_files, "_ROW_GROUP", 3)
    answers = [{"path": str(n), "emotions": {"a": n / 10, "b": 0.0}} for n in range(8)]
    assert pl.read_parquet(written(tmp_path / "p.parquet", answers))["path"].to_list() == list("01234567")


def test_a_class_that_is_called_as_a_column_is(tmp_path):
    answer = {"path": "a", "emotions": {"path": 0.5, "joy": 0.5}}
    with pytest.raises(UserError, match="'path' would be two columns"):
        written(tmp_path / "p.csv", [answer])
    assert not list(tmp_path.iterdir())
    assert json.loads(json_line(answer)) == answer


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet"])
def test_nothing_readable_is_no_file(tmp_path, name):
    with pytest.raises(UserError, match="no input could be read"):
        written(tmp_path / name, ANSWERS[1:2])
    assert not list(tmp_path.iterdir())
