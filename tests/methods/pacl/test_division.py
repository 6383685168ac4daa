"""A recipe's partitions: the same pairs, divided in another way; plain contrastive training is InfoNCE."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from pacl_core.corpus.provenance import MATCHED
from pacl_core.errors import UserError
from pacl_core.methods.pacl.division import divided, recorded_places
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.partition.matching import partition_places
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.held_out import hold_out
from pacl_core.methods.pacl.training.method import Inputs, Pacl, make_pacl
from pacl_core.methods.pacl.training.projectors import embed
from pacl_core.models.backbones import Backbone
from pacl_core.training.distributed import ALONE
from pacl_core.training.pixels import ImageSource

# gaps where pairs are held out; a partition may be empty
ROWS = {
    "strong": np.array([0, 2, 3, 5, 6]),
    "partial_emotional": np.array([8, 9, 10]),
    "partial_factual": np.array([], np.int64),
    "weak": np.array([13, 14]),
}
EVERYONE = [0, 2, 3, 5, 6, 8, 9, 10, 13, 14]


def nothing_recorded() -> np.ndarray:
    raise AssertionError("only 'record' asks the corpus")


def lists(rows: dict[str, np.ndarray]) -> dict[str, list[int]]:
    return {name: own.tolist() for name, own in rows.items()}


def divide(partition: str, seed: int = 0) -> dict[str, list[int]]:
    return lists(divided(ROWS, partition, seed=seed, recorded=nothing_recorded))


def test_estimated_is_the_partition_of_the_scores() -> None:
    assert divide("estimated") == lists(ROWS)


def test_none_has_every_pair_in_one_group() -> None:
    assert divide("none") == {"strong": EVERYONE, "partial_emotional": [], "partial_factual": [], "weak": []}


@pytest.mark.parametrize("seed", range(5))
def test_random_partitions_keep_their_sizes_and_lose_no_pair(seed: int) -> None:
    found = divide("random", seed)
    assert {name: len(rows) for name, rows in found.items()} == {name: len(r) for name, r in ROWS.items()}
    assert sorted(row for rows in found.values() for row in rows) == EVERYONE
    assert all(rows == sorted(rows) for rows in found.values())


def test_random_partitions_are_drawn_by_the_seed() -> None:
    assert divide("random", 1) == divide("random", 1)
    assert divide("random", 1) != divide("random", 2)


def test_random_partitions_have_nothing_to_do_with_the_scores() -> None:
    """Each pair is strong in about the fraction of draws that strong has of the pairs, 5 of 10."""
    draws = [set(divide("random", seed)["strong"]) for seed in range(400)]
    for row in EVERYONE:
        assert sum(row in strong for strong in draws) / 400 == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("mode", ["both", "factual", "emotional", "none"])
def test_one_score_alone_divides_as_partition_mode_does(mode: str) -> None:
    """From matches to partitions in mode `both` and on to the recipe's; and at once, in its mode."""
    chance = np.random.default_rng(0)
    factual, emotional = chance.random((2, 40)) > 0.4
    places = partition_places(factual, emotional, "both")
    rows = {name: np.flatnonzero(places == place) for place, name in enumerate(PARTITIONS)}
    wanted = partition_places(factual, emotional, mode)
    found = divided(rows, "estimated" if mode == "both" else mode, seed=0, recorded=nothing_recorded)
    assert lists(found) == {
        name: np.flatnonzero(wanted == place).tolist() for place, name in enumerate(PARTITIONS)
    }


def write_pairs(path: Path, provenance: list[str | None]) -> Path:
    ids = [f"post{number}" for number in range(len(provenance))]
    frame = pl.DataFrame({"sample_id": ids, "provenance": provenance}, {"sample_id": str, "provenance": str})
    frame.write_parquet(path)
    return path


def test_the_record_is_a_perfect_partition_in_the_order_of_the_samples(tmp_path: Path) -> None:
    said = ["random", "kept", "opposite_lookalike", "same_sentiment", "kept"]
    pairs = write_pairs(tmp_path / "pairs.parquet", said)
    ids = ["post4", "post0", "post3", "post2"]
    places = recorded_places(pairs, ids, MATCHED)
    assert [PARTITIONS[place] for place in places] == [
        "strong",
        "weak",
        "partial_emotional",
        "partial_factual",
    ]
    rows = {"strong": np.array([0, 1, 3]), **dict.fromkeys(PARTITIONS[1:], np.array([], np.int64))}
    found = divided(rows, "record", seed=0, recorded=lambda: places)
    assert lists(found) == {"strong": [0], "partial_emotional": [], "partial_factual": [3], "weak": [1]}


@pytest.mark.parametrize("said", [[None, None], ["kept", None], ["kept", "another corpus' word"]])
def test_a_corpus_without_a_record_is_told(tmp_path: Path, said: list[str | None]) -> None:
    pairs = write_pairs(tmp_path / "pairs.parquet", said)
    with pytest.raises(
        UserError, match=r"pairs have no known provenance .*'partition: record' needs a corpus"
    ):
        recorded_places(pairs, ["post0", "post1"], MATCHED)


@pytest.fixture
def samples(make_shards: Callable[..., Path], tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def method_of(
    samples: Samples,
    backbone: Backbone,
    params: TrainParams,
    partition: str,
    work: Path,
    pool: ThreadPoolExecutor | None = None,
) -> Pacl:
    chosen = hold_out(samples, params.holdout, distance=params.holdout_distance, seed=params.seed)
    chosen = replace(
        chosen, rows=divided(chosen.rows, partition, seed=params.seed, recorded=nothing_recorded)
    )
    pool = pool or ThreadPoolExecutor(1)
    images = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, work, pool)
    return make_pacl(Inputs(samples, backbone, chosen=chosen), params, images=images, world=ALONE)


def test_every_recipe_holds_out_and_trains_on_the_same_pairs(
    samples: Samples, make_backbone: Callable[[], Backbone], params: TrainParams, tmp_path: Path
) -> None:
    params = params.model_copy(update={"holdout": 3, "holdout_distance": 0})
    of = {
        partition: method_of(samples, make_backbone(), params, partition, tmp_path)
        for partition in ("estimated", "none", "random")
    }
    held = of["estimated"].held.tolist()
    assert len(held) == 3
    trained_on = sorted(row for rows in of["estimated"].rows.values() for row in rows.tolist())
    for method in of.values():
        assert method.held.tolist() == held
        assert sorted(row for rows in method.rows.values() for row in rows.tolist()) == trained_on
    assert of["random"].sizes == of["estimated"].sizes
    assert of["random"].images_seen == of["estimated"].images_seen


def test_without_partitions_every_epoch_is_a_pass_over_all_pairs(
    samples: Samples, make_backbone: Callable[[], Backbone], params: TrainParams, tmp_path: Path
) -> None:
    method = method_of(samples, make_backbone(), params, "none", tmp_path)
    everyone = list(range(len(samples.sample_ids)))
    for epoch in range(params.epochs):
        batches = list(method.batches(epoch))
        assert all(set(batch.parts) == {"strong"} for batch in batches)
        assert sorted(row for batch in batches for row in batch.rows().tolist()) == everyone
    assert method.images_seen == params.epochs * len(everyone)


def test_without_partitions_the_loss_is_plain_infonce(
    samples: Samples, make_backbone: Callable[[], Backbone], params: TrainParams, tmp_path: Path
) -> None:
    """Of a batch with pairs of several kinds, against loops over anchors and candidates."""
    with ThreadPoolExecutor(1) as pool:
        method = method_of(samples, make_backbone(), params, "none", tmp_path, pool)
        batch = next(iter(method.batches(params.epochs - 1)))
        met = set(batch.rows().tolist())
        assert sum(bool(met & set(rows)) for rows in samples.rows.values()) > 1
        (piece,) = method.load(params.epochs - 1, batch)
    with torch.no_grad():
        losses = method.losses(piece, ALONE)
        z_v, z_t = embed(method.model["projectors"], method.features(piece.images).float(), piece.texts)
    assert set(losses.terms) == {"strong"}
    assert losses.terms["strong"].item() == pytest.approx(naive_infonce(z_v.tolist(), z_t.tolist()), rel=1e-4)
    assert losses.figures["without_negatives/strong"] == 0


def naive_infonce(images: list[list[float]], texts: list[list[float]], tau: float = 0.07) -> float:
    """CLIP's loss: every other pair of the batch is a negative."""

    def similarity(v: int, t: int) -> float:
        return sum(a * b for a, b in zip(images[v], texts[t], strict=True))

    total, size = 0.0, len(images)
    for i in range(size):
        to_texts = sum(math.exp(similarity(i, k) / tau) for k in range(size))
        to_images = sum(math.exp(similarity(k, i) / tau) for k in range(size))
        own = math.exp(similarity(i, i) / tau)
        total += -0.5 * math.log(own / to_texts) - 0.5 * math.log(own / to_images)
    return total / size
