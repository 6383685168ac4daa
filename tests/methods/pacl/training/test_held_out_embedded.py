"""From the embedded corpus to the rows of every step: no held-out image or text is met in training."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import webdataset

from pacl_core.corpus.pair_store import StorePaths, write_pairs
from pacl_core.corpus.readers import read_posts
from pacl_core.files.vectors import write_vectors
from pacl_core.media.image_hashes import perceptual_hash, pixel_hash
from pacl_core.media.images import decode_jpeg
from pacl_core.methods.pacl.params import ShardsParams, TrainParams
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards import write_shards as shards_of
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training.method import Inputs, make_pacl
from pacl_core.params.pairs import PairsParams
from pacl_core.training.distributed import ALONE
from pacl_core.training.pixels import ImageSource
from tests.paths import ROOT

POSTS, DISTANCE = 800, 2


def embedded_shards(folder: Path) -> Path:
    """The first posts as shards, in partitions and with labels of chance."""
    recipe = {"reader": "openmoji", "path": str(ROOT / "data/corpora/openmoji.yaml"), "image_size": 48}
    params = PairsParams.model_validate(recipe)
    paths = StorePaths(folder / "pairs", folder / "rejected.parquet", folder / "unfinished")
    paths.scratch.mkdir()
    write_pairs(lambda: islice(read_posts(params), POSTS), params, paths, workers=1)
    ids = pl.scan_parquet(folder / "pairs/*.parquet").select("sample_id").collect()
    chance = np.random.default_rng(0)
    scored = {name: pl.lit(0.5, pl.Float32) for name in ("factual_score", "emotional_score")}
    partition = pl.Series(chance.choice(PARTITIONS, len(ids)))
    ids.with_columns(partition=partition, **scored).write_parquet(folder / "partition.parquet")
    labels = {
        name: pl.Series(chance.integers(0, 2, len(ids)), dtype=pl.Int32)
        for name in ("factual_label", "emotional_label")
    }
    ids.with_columns(**labels).write_parquet(folder / "labels.parquet")
    write_vectors(folder / "text", folder / "pairs", lambda start, stop: np.zeros((stop - start, 4)), dim=4)
    inputs = shards_of.Inputs(
        *(folder / name for name in ("pairs", "partition.parquet", "labels.parquet", "text"))
    )
    shards_of.write_shards(inputs, folder / "shards", ShardsParams(), work=folder / "work")
    return folder / "shards"


def contents(shards: Path) -> dict[str, tuple[str, int, str]]:
    """sample_id -> hashes of the decoded image, and text: from the files alone."""
    found = {}
    for tar in sorted(shards.rglob("*.tar")):
        for sample in webdataset.WebDataset(str(tar), shardshuffle=False):
            image = decode_jpeg(sample["jpg"])
            seen = (pixel_hash(image), perceptual_hash(image), sample["txt"].decode())
            found[json.loads(sample["json"])["sample_id"]] = seen
    return found


def test_nothing_of_a_held_out_pair_is_met_in_any_step(make_backbone, tmp_path: Path) -> None:
    shards = embedded_shards(tmp_path)
    samples, backbone = read_shards(shards, tmp_path), make_backbone()
    params = TrainParams(epochs=3, batch_size=16, dim=8, holdout=20, holdout_distance=DISTANCE)
    with ThreadPoolExecutor(1) as pool:
        images = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, tmp_path, pool)
        method = make_pacl(Inputs(samples, backbone), params, images=images, world=ALONE)
    met = {row for epoch in range(3) for batch in method.batches(epoch) for row in batch.rows().tolist()}
    assert len(method.held) == 20 and len(met) == sum(method.sizes.values())
    assert len(met) + 20 + sum(method.left_out.values()) == len(samples.sample_ids)
    assert sum(method.left_out.values()) > 20  # this corpus has others to leave out
    of = contents(shards)
    for row in method.held:
        pixels, look, text = of[samples.sample_ids[row]]
        for other in met:
            others_pixels, others_look, others_text = of[samples.sample_ids[other]]
            assert pixels != others_pixels and text != others_text
            assert (look ^ others_look).bit_count() > DISTANCE
