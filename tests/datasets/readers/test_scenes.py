"""The data sets of scenes: things that the corpus never shows, and faces, in splits that share none."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.scenes.cast import cast
from pacl_core.corpus.scenes.recipe import load_scene_recipe
from pacl_core.datasets.readers import Item, read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from tests.paths import ROOT

SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = (ROOT / "data/corpora/scenes.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("recipe") / "scenes.yaml"
    text = text.replace("{train: 800, val: 200, test: 800}", "{train: 60, val: 30, test: 90}")
    path.write_text(text.replace("pixels: 160", "pixels: 32"), encoding="utf-8")
    return path


def items(path: Path, name: str) -> list[Item]:
    record = load_record(ROOT / f"data/datasets/{name}.yaml")
    return [item for item in read_items(record, path) if isinstance(item, Item)]


def shown(those: list[Item], what: str) -> dict[str, set[str]]:
    return {split: {str(one.values[what]) for one in those if one.split == split} for split in SPLITS}


@pytest.mark.parametrize("name", ["scenes_things", "scenes_faces"])
def test_things_are_the_corpus_in_no_split_and_in_one_at_most(path: Path, name: str) -> None:
    those = items(path, name)
    assert Counter(one.split for one in those) == {"train": 60, "val": 30, "test": 90}
    things = shown(those, "thing")
    corpus = {thing.stem for thing in cast(read_glyphs(), load_scene_recipe(path)).things["corpus"]}
    assert not corpus & set().union(*things.values())
    assert sum(map(len, things.values())) == len(set().union(*things.values()))


def test_faces_are_seen_or_not_as_the_record_says(path: Path) -> None:
    corpus = {face.stem for face in cast(read_glyphs(), load_scene_recipe(path)).faces["corpus"]}
    assert set().union(*shown(items(path, "scenes_things"), "face").values()) <= corpus
    unseen = shown(items(path, "scenes_faces"), "face")
    assert unseen["train"] <= corpus
    assert not corpus & (unseen["val"] | unseen["test"]) and not unseen["val"] & unseen["test"]
    assert len(unseen["test"]) > 12


def test_values_are_the_human_sentiment_of_the_face(path: Path) -> None:
    faces = {glyph.stem: glyph.sentiment for glyph in read_glyphs()}
    for one in items(path, "scenes_faces"):
        sentiment = faces[str(one.values["face"])]
        assert sentiment is not None and one.values["valence"] == sentiment.valence
        shares = [one.values[f"share_{name}"] for name in ("negative", "neutral", "positive")]
        assert shares == list(sentiment.distribution)


def test_it_is_stored_with_its_splits_and_the_same_again(path: Path, tmp_path: Path) -> None:
    record = load_record(ROOT / "data/datasets/scenes_things.yaml")
    for name in ("one", "two"):
        write_dataset(
            record,
            read_items(record, path),
            tmp_path / f"{name}.parquet",
            storage=Storage(32),
            workers=1,
            scratch=tmp_path / f"scratch-{name}",
        )
    table = pq.read_table(tmp_path / "one.parquet")
    assert Counter(table["split"].to_pylist()) == {"train": 60, "val": 30, "test": 90}
    assert table.equals(pq.read_table(tmp_path / "two.parquet"))
