"""Labelled clips of smileys: drawn frames with a box, the smiley's human sentiment, folds that share none."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.datasets.clips import DrawnClip
from pacl_core.datasets.readers import Item, read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError
from tests.paths import ROOT

RECORD = load_record(ROOT / "data/datasets/rendered_faces.yaml")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = yaml.safe_load((ROOT / "data/corpora/clips_faces.yaml").read_text())
    recipe["faces"]["items"] = 40
    path = tmp_path_factory.mktemp("recipe") / "clips.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


@pytest.fixture(scope="module")
def stored(path: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("stored")
    target = folder / "rendered_faces.parquet"
    items = read_items(RECORD, path)
    write_dataset(RECORD, items, target, storage=Storage(60, 5), workers=2, scratch=folder / "scratch")
    return pl.read_parquet(target)


def test_items_are_those_of_the_recipe_and_the_same_again(path: Path) -> None:
    first, second = (list(read_items(RECORD, path)) for _ in range(2))
    assert len(first) == 40
    assert first == second
    drawn = [one.image for one in first if isinstance(one, Item) and isinstance(one.image, DrawnClip)]
    assert len({one.digest for one in drawn}) == 40


def test_values_are_the_human_sentiment_of_the_smiley(path: Path) -> None:
    valence = {glyph.stem: glyph.sentiment.valence for glyph in read_glyphs() if glyph.sentiment}
    for one in read_items(RECORD, path):
        assert isinstance(one, Item)
        assert one.values["valence"] == valence[str(one.image_name)]


def test_frames_move_within_their_boxes(stored: pl.DataFrame) -> None:
    assert stored.height == 40
    for row in stored.head(5).iter_rows(named=True):
        frames = [np.asarray(Image.open(io.BytesIO(frame)), np.int16) for frame in row["frames"]]
        assert len(frames) == len(row["times"]) == len(row["frame_boxes"]) == 8
        assert row["times"] == sorted(set(row["times"])) and row["times"][-1] > 2
        assert frames[0].shape == (60, 80, 3)
        outside = np.ones(frames[0].shape[:2], bool)
        for (box,) in (row["frame_boxes"][0], row["frame_boxes"][7]):
            top, left = int(box["top"]), int(box["left"])
            # some pixels more on each side: blocks of JPEG blur beyond the edge
            outside[max(0, top - 9) : int(box["bottom"]) + 10, max(0, left - 9) : int(box["right"]) + 10] = 0
        moved = np.abs(frames[0] - frames[7]).max(axis=2)
        assert moved[~outside].max() > 60
        assert moved[outside].max(initial=0) < 25
        assert row["image"] == row["frames"][4]


def test_no_smiley_is_in_two_folds(stored: pl.DataFrame) -> None:
    folds = stored.group_by("group").agg(pl.col("fold").n_unique())
    assert folds["fold"].to_list() == [1] * folds.height
    assert folds.height > 20 and set(stored["fold"]) == set(range(5))


def test_a_recipe_without_faces_is_refused() -> None:
    with pytest.raises(UserError, match="set 'faces'"):
        list(read_items(RECORD, ROOT / "data/corpora/clips.yaml"))
