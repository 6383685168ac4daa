"""The examples of a stored data set: its own images, the right prompt, queries of the test split."""

import json

import numpy as np
import polars as pl
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Predictions, write_predictions
from pacl_core.evaluation.summary_file import Evaluation, write_summary
from pacl_core.examples.dataset import read_dataset, retrieval_examples, zero_shot_examples
from pacl_core.files.vectors import write_vectors
from pacl_core.params.evaluation import ExamplesParams

MOOD = Task("mood", "single_label", ("mood",), classes=("joy", "fear"))
PARAMS = ExamplesParams(count=4, top=2, seed=0)


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """24 items, every third of them a test item; two variants' features; in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data/downstream/faces.parquet"
    path.parent.mkdir(parents=True)
    ids = [f"face{i}" for i in range(24)]
    table = {"item_id": ids, "split": ["train", "val", "test"] * 8, "mood": [0, 0, 0, 1, 1, 1] * 4}
    table["image"] = [name.encode() for name in ids]
    pl.DataFrame(table, schema_overrides={"mood": pl.Int32}).write_parquet(path)
    path.with_suffix(".json").write_text(json.dumps({"tasks": [MOOD.to_json()]}))
    vectors = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)
    for variant in ("initial", "pacl"):
        folder = tmp_path / f"data/features/faces-{variant}"
        write_vectors(folder, path, lambda start, stop: vectors[start:stop], dim=5, id_column="item_id")
    return path


def test_queries_are_test_items_and_images_their_own(faces, tmp_path):
    folders = {name: tmp_path / f"data/features/faces-{name}" for name in ("initial", "pacl")}
    rows, figures = retrieval_examples(read_dataset(faces), folders, PARAMS)
    queries = [row for row in rows if row["rank"] == 0]
    assert len(queries) == 4
    assert all(int(row["item_id"][4:]) % 3 == 2 for row in queries)
    assert {row["label"] for row in queries} == {"joy", "fear"}
    assert all(row["image"] == row["item_id"].encode() for row in rows)
    assert len(rows) == 4 + 4 * 2 * 2
    assert figures["test_items"] == 8
    assert figures["same_label_at_2"]["initial"] == figures["same_label_at_2"]["pacl"]


def test_the_ensemble_stands_for_its_prompts(faces, tmp_path):
    ids = [f"face{i}" for i in range(2, 24, 3)]
    target = np.array([[i // 3 % 2] for i in range(2, 24, 3)], np.float32)
    names = [f"mood, {which}" for which in ("prompt 1", "prompt 2", "ensemble")]
    parts = []
    for name, sure in zip(names, (0.1, 0.2, 0.9), strict=True):
        shares = np.where(target == 0, [[sure, 1 - sure]], [[1 - sure, sure]])
        parts.append(Predictions(name, "test", ids, target, shares[None]))
    stem = tmp_path / "evaluation/faces-zero_shot-pacl"
    write_predictions(stem.with_suffix(".parquet"), parts)
    tasks = {name: {"task": MOOD.to_json()} for name in names}
    tasks["va, moods"] = {"task": Task("va, moods", "score", ("valence",)).to_json()}  # has no right or wrong
    evaluation = Evaluation(
        dataset="faces",
        protocol="zero_shot",
        variant="pacl",
        backbone="tiny",
        not_applicable=None,
        excluded_test_items=0,
    )
    write_summary(stem.with_suffix(".json"), evaluation, tasks)
    rows, shares = zero_shot_examples(read_dataset(faces), "pacl", tmp_path / "evaluation", params=PARAMS)
    assert shares == {"mood, ensemble": 1.0}
    assert [row["right"] for row in rows] == [True] * 4
    assert all(row["confidence"] == 0.9 for row in rows)
    assert all(row["image"] == row["item_id"].encode() for row in rows)


def test_a_variant_without_zero_shot_has_no_examples(faces, tmp_path):
    stem = tmp_path / "evaluation/faces-zero_shot-initial"
    evaluation = Evaluation(
        dataset="faces",
        protocol="zero_shot",
        variant="initial",
        backbone="tiny",
        not_applicable="no projectors",
        excluded_test_items=0,
    )
    write_summary(stem.with_suffix(".json"), evaluation, {})
    assert zero_shot_examples(read_dataset(faces), "initial", tmp_path / "evaluation", params=PARAMS) == (
        [],
        {},
    )
