"""Projectors that learn on stored features before anything else."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.files.vectors import Vectors, read_vectors, write_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.projectors import make_projectors
from pacl_core.methods.pacl.training.run import Trained
from pacl_core.methods.pacl.training.warm_up import warm_up
from pacl_core.models.backbones import Backbone
from tests.methods.pacl.training.runs import train

Make = Callable[..., Path]
MakeBackbone = Callable[[], Backbone]


@pytest.fixture
def samples(make_shards: Make, tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def run(
    samples: Samples, backbone: Backbone, params: TrainParams, work: Path, *, images: Vectors | None = None
) -> Trained:
    work.mkdir()
    return train(samples, backbone, params, work, images=images)


def stored_images(samples: Samples, backbone: Backbone, folder: Path, skip: int = 0) -> Vectors:
    """What the image_embeddings stage leaves, in another order than the shards."""
    order = list(reversed(range(skip, len(samples.sample_ids))))
    pixels = np.stack([backbone.preprocess.pixels(samples.image(row)) for row in order])
    with torch.inference_mode():
        vectors = backbone.module(backbone.preprocess.normalise(torch.from_numpy(pixels))).numpy()
    ids = folder.with_suffix(".parquet")
    pl.DataFrame({"sample_id": [samples.sample_ids[row] for row in order]}).write_parquet(ids)
    write_vectors(folder, ids, lambda start, stop: vectors[start:stop], dim=vectors.shape[1])
    return read_vectors(folder)


def test_warm_projectors_start_from_a_lower_loss(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    backbone = make_backbone()
    images = stored_images(samples, backbone, tmp_path / "image")
    cold = run(samples, make_backbone(), params, tmp_path / "cold")
    warm_params = params.model_copy(update={"projector_warmup_steps": 60})
    warm = run(samples, backbone, warm_params, tmp_path / "warm", images=images)
    assert warm.history[0]["loss/strong"] < cold.history[0]["loss/strong"]


def test_stored_features_of_other_pairs_are_refused(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    images = stored_images(samples, make_backbone(), tmp_path / "image", skip=2)
    params = params.model_copy(update={"projector_warmup_steps": 5})
    with pytest.raises(UserError, match=r"no features of 2 strong pairs \(strong/0, \.\.\)"):
        run(samples, make_backbone(), params, tmp_path / "work", images=images)


def test_without_strong_pairs_there_is_no_warm_up(
    make_shards: Make,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    samples = read_shards(make_shards({"strong": 0, "weak": 9}), tmp_path)
    images = stored_images(samples, make_backbone(), tmp_path / "image")
    with caplog.at_level(logging.INFO, "pacl"):
        run(
            samples,
            make_backbone(),
            params.model_copy(update={"projector_warmup_steps": 5}),
            tmp_path / "work",
            images=images,
        )
    assert "the projectors are not warmed up" in caplog.text


def test_only_the_projectors_move_and_the_same_way_each_time(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    images = stored_images(samples, make_backbone(), tmp_path / "image")
    params = params.model_copy(update={"projector_warmup_steps": 3})
    both = [make_projectors(10, samples.texts.shape[1], params.dim, seed=0) for _ in range(3)]
    for projectors in both[:2]:
        warm_up(
            projectors, samples, np.array(samples.rows["strong"]), images=images, params=params, device="cpu"
        )
    one, again, before = (projectors.state_dict() for projectors in both)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], before[name]) for name in one)


def test_stored_features_of_another_width_are_refused(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    images = stored_images(samples, make_backbone(), tmp_path / "image")
    projectors = make_projectors(11, samples.texts.shape[1], params.dim, seed=0)
    with pytest.raises(UserError, match="image: features of 10, the backbone has 11; run 'dvc repro'"):
        warm_up(
            projectors, samples, np.array(samples.rows["strong"]), images=images, params=params, device="cpu"
        )
