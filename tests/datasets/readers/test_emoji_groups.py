"""Emoji as pretext sets: no held-out emoji in them, variants in one split, classes by name."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.openmoji.recipe import load_recipe, splits
from pacl_core.datasets.readers import Item, emoji_groups, read_items, with_classes
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.files.tables import read_table
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT

RECIPE = ROOT / "data/corpora/openmoji.yaml"


@cache
def items(name: str) -> tuple[list[Item], list[Rejected]]:
    record = load_record(ROOT / "data/datasets" / f"{name}.yaml")
    small = record.model_copy(update={"options": record.options | {"pixels": 16}})
    found = list(read_items(small, RECIPE))
    taken = [one for one in found if isinstance(one, Item)]
    return taken, [one for one in found if isinstance(one, Rejected)]


@pytest.mark.parametrize("name", ["emoji_scenes", "emoji_anps", "emoji_captions"])
def test_no_emoji_that_is_evaluated_on_is_in_it(name: str) -> None:
    held_out = {
        group for group, part in splits(read_glyphs(), load_recipe(RECIPE)).items() if part != "train"
    }
    assert held_out
    assert {one.image_name for one in items(name)[0]} & held_out == set()


def test_what_each_tells() -> None:
    scenes = {one.item_id: one.values for one in items("emoji_scenes")[0]}
    assert scenes["1F996"] == {"label": "animals & nature"}
    anps = {one.item_id: one.values for one in items("emoji_anps")[0]}
    assert anps["1F996"] == {"label": "animal-reptile_animals & nature"}
    assert anps.keys() == scenes.keys()
    captions, rejected = items("emoji_captions")
    words = Counter(str(one.values["caption"]).rpartition(", ")[2] for one in captions)
    assert words.keys() == {"negative", "neutral", "positive"}
    assert {one.reason for one in rejected} == {"no_sentiment"}


def test_an_emoji_newer_than_the_list_is_refused() -> None:
    taken, rejected = items("emoji_scenes")
    assert {one.reason for one in rejected} == {"no_group"}
    assert "1FA89" in {one.source for one in rejected}  # harp, of Unicode 16
    assert len(rejected) < 0.02 * len(taken)


def test_classes_are_those_of_the_items_sorted() -> None:
    for name in ("emoji_scenes", "emoji_anps"):
        record = with_classes(load_record(ROOT / "data/datasets" / f"{name}.yaml"), RECIPE)
        (task,) = record.tasks.values()
        assert task.classes == tuple(sorted({str(one.values["label"]) for one in items(name)[0]}))


def test_it_is_stored_as_other_sets_are(tmp_path: Path) -> None:
    record = with_classes(load_record(ROOT / "data/datasets/emoji_captions.yaml"), RECIPE)
    out = tmp_path / "captions.parquet"
    told = write_dataset(
        record,
        read_items(record.model_copy(update={"options": {"of": "caption", "pixels": 16}}), RECIPE),
        out,
        storage=Storage(16),
        workers=2,
        scratch=tmp_path / "scratch",
    )
    assert told["splits"] == "ours" and told["counts"]["items"].keys() == {"train", "val"}
    split_of: dict[str, set[str]] = {}
    for row in read_table(out, ["item_id", "split"]).to_pylist():
        split_of.setdefault(row["item_id"].partition("#")[0], set()).add(row["split"])
    assert all(len(one) == 1 for one in split_of.values())


def test_the_list_of_groups_has_each_emoji_once() -> None:
    table = (Path(emoji_groups.__file__).parent / "emoji_groups.tsv").read_text("utf-8").splitlines()[1:]
    emoji = [one for row in table for one in row.split("\t")[2].split()]
    assert len(emoji) == len(set(emoji)) == len(emoji_groups.groups())
