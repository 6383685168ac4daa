import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pacl_core.corpus.openmoji.glyphs import group_of, read_glyphs
from pacl_core.corpus.openmoji.noisy_posts import noisy_posts
from pacl_core.corpus.openmoji.recipe import corpus_glyphs, load_recipe
from pacl_core.datasets.readers import read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.datasets.tasks import read_tasks, targets
from pacl_core.files.json_csv import read_json
from tests.paths import ROOT

RECIPE = ROOT / "data/corpora/openmoji.yaml"


def write(path: Path, workers: int = 1) -> dict[str, Any]:
    record = load_record(ROOT / "data/datasets/emoji_sentiment.yaml")
    record = record.model_copy(update={"options": {"pixels": 32}})
    items = read_items(record, RECIPE)
    return write_dataset(
        record,
        items,
        path,
        storage=Storage(32),
        workers=workers,
        scratch=path.parent / "scratch",
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("downstream")
    write(folder / "emoji_sentiment.parquet")
    yield folder / "emoji_sentiment.parquet"
    shutil.rmtree(folder)


def test_no_group_is_in_two_splits_and_none_of_the_test_in_the_corpus(stored: Path) -> None:
    table = pq.read_table(stored, columns=["item_id", "split"]).to_pylist()
    split_of: dict[str, set[str]] = {}
    for row in table:
        split_of.setdefault(group_of(row["item_id"]), set()).add(row["split"])
    assert all(len(splits) == 1 for splits in split_of.values())
    counts = {split: sum(row["split"] == split for row in table) for split in ("train", "val", "test")}
    assert read_json(stored.with_suffix(".json"))["counts"]["items"] == counts
    assert sum(counts.values()) > 600 and counts["test"] > 230 and counts["val"] > 50

    recipe = load_recipe(RECIPE)
    posts = noisy_posts(corpus_glyphs(read_glyphs(), recipe), recipe)
    shown = {post.glyph.group for post in posts} | {post.named.group for post in posts}
    held_out = {group for group, splits in split_of.items() if splits != {"train"}}
    assert not shown & held_out


def test_targets_are_what_the_evaluation_reads(stored: Path) -> None:
    table = pq.read_table(stored)
    ids = table["item_id"].to_pylist()
    valence, sentiment, polarity = read_tasks(stored.with_suffix(".json"))
    values = targets(valence, table, ids)
    shares = targets(sentiment, table, ids)
    classes = targets(polarity, table, ids)
    assert 0 <= values.min() < values.max() <= 1
    assert np.allclose(values[:, 0], (shares[:, 2] - shares[:, 0] + 1) / 2, atol=1e-6)
    assert (shares[np.arange(len(ids)), classes[:, 0].astype(int)] >= shares.max(axis=1) - 1e-6).all()
    assert set(classes[:, 0]) == {0, 1, 2}
    assert read_json(stored.with_suffix(".json"))["tasks"][0]["scale"] == [-1.0, 1.0]
    joy = ids.index("1F602")
    assert values[joy, 0] == pytest.approx((0.221 + 1) / 2, abs=1e-3) and classes[joy, 0] == 2


def test_the_same_recipe_gives_the_same_bytes(stored: Path, tmp_path: Path) -> None:
    again = tmp_path / "emoji_sentiment.parquet"
    write(again, workers=3)
    assert again.read_bytes() == stored.read_bytes()
    assert again.with_suffix(".json").read_bytes() == stored.with_suffix(".json").read_bytes()
