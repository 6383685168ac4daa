import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.artefacts.json_file import read_json
from pacl_core.corpus.emoji import group_of, read_glyphs
from pacl_core.corpus.emoji_noise import noisy_posts
from pacl_core.corpus.emoji_recipe import load_recipe
from pacl_core.corpus.emoji_split import corpus_glyphs
from pacl_core.corpus.pictures import normalise_picture
from pacl_core.corpus.posts import Rejected
from pacl_core.errors import UserError
from pacl_core.evaluation.datasets import read_dataset
from pacl_core.evaluation.datasets.records import Record
from pacl_core.evaluation.datasets.store import write_dataset
from pacl_core.evaluation.tasks import read_tasks, targets
from pacl_core.params.evaluation import DownstreamParams

RECIPE = Path(__file__).parents[2] / "data" / "corpora" / "openmoji.yaml"
PARAMS = DownstreamParams(reader="emoji_sentiment", path=str(RECIPE), image_size=32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("downstream")
    write_dataset(read_dataset(PARAMS), folder / "emoji_sentiment.parquet", image_size=32)
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
    write_dataset(read_dataset(PARAMS), again, image_size=32, workers=3)
    assert again.read_bytes() == stored.read_bytes()
    assert again.with_suffix(".json").read_bytes() == stored.with_suffix(".json").read_bytes()


def some(split: str, item_id: str, image: bytes) -> Record:
    values = {
        "valence": 0.5,
        "share_negative": 0.2,
        "share_neutral": 0.3,
        "share_positive": 0.5,
        "polarity": 2,
    }
    return Record(item_id, image, split, values)


def test_items_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    png = stream.getvalue()
    records = [
        some("train", "a", png),
        some("train", "a", png),
        some("val", "b", png),
        some("test", "c", png),
        some("test", "d", b"<html>"),
        Rejected("e.jpg", "missing_image", "no file"),
    ]
    dataset = replace(read_dataset(PARAMS), records=iter(records))
    described = write_dataset(dataset, tmp_path / "set.parquet", image_size=32)
    assert described["counts"] == {
        "items": {"train": 1, "val": 1, "test": 1},
        "rejected_by_reason": {"duplicate_id": 1, "missing_image": 1, "not_a_picture": 1},
    }
    assert (
        pq.read_table(tmp_path / "set.parquet")["pixel_hash"][0].as_py()
        == normalise_picture(png, 32).pixel_hash
    )

    dataset = replace(dataset, records=iter(records[:3]))
    with pytest.raises(UserError, match=r"no usable item in split test.*duplicate_id"):
        write_dataset(dataset, tmp_path / "other.parquet", image_size=32)
    assert not (tmp_path / "other.parquet").exists()


def test_an_unknown_reader_is_named() -> None:
    with pytest.raises(UserError, match="unknown reader 'emoji_sentimant'; did you mean 'emoji_sentiment'"):
        read_dataset(DownstreamParams(reader="emoji_sentimant", path="x"))
