"""The run as a whole, on a tiny corpus and a tiny backbone."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.vectors import Vectors, read_vectors, write_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.run import Trained
from pacl_core.models.backbones import Backbone
from pacl_core.training import pixels
from tests.methods.pacl.training.runs import train

Make = Callable[..., Path]
MakeBackbone = Callable[[], Backbone]


def run(
    samples: Samples,
    backbone: Backbone,
    params: TrainParams,
    work: Path,
    workers: int = 2,
    images: Vectors | None = None,
    minutes: float = 10,
) -> tuple[dict[str, Tensor], Trained]:
    work.mkdir(exist_ok=True)
    trained = train(samples, backbone, params, work, images=images, workers=workers, minutes=minutes)
    return backbone.state(), trained


@pytest.fixture
def samples(make_shards: Make, tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def test_losses_fall_and_phases_follow(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    longer = params.model_copy(update={"epochs": 12})
    _, trained = run(samples, make_backbone(), longer, tmp_path / "work")
    losses = [{k.removeprefix("loss/") for k in epoch if k.startswith("loss/")} for epoch in trained.history]
    partial = {"strong", "partial_emotional", "partial_factual"}
    assert losses == [{"strong"}] * 4 + [partial] * 4 + [{*partial, "weak"}] * 4
    assert trained.history[-1]["loss/strong"] < 0.75 * trained.history[0]["loss/strong"]
    assert trained.history[7]["loss/partial_emotional"] < trained.history[4]["loss/partial_emotional"]


def test_history_has_shares_and_rates(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    _, trained = run(samples, make_backbone(), params, tmp_path / "work")
    last = trained.history[-1]
    for name in (
        "excluded_by_factual/partial_emotional",
        "excluded_by_factual/weak",
        "excluded_by_emotional/partial_factual",
        "excluded_by_emotional/weak",
        "rebuilt/weak",
    ):
        assert 0 <= last[name] <= 1
    assert 0 < last["learning_rate/backbone"] < params.backbone_lr
    assert trained.card["steps"] == 2 + 3 + 3
    assert {name: tuple(t.shape) for name, t in trained.projectors.items()} == {
        "image.weight": (16, 10),
        "text.weight": (16, 6),
    }


@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
@pytest.mark.parametrize("augmented", [False, True])
def test_same_seed_same_bits_whatever_the_workers(
    samples: Samples,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    batch_norm: str,
    augmented: bool,
) -> None:
    update = {"batch_norm": batch_norm, "horizontal_flip": augmented, "random_resized_crop": augmented}
    params = params.model_copy(update=update)
    first, one = run(samples, make_backbone(), params, tmp_path / "a", workers=1)
    second, other = run(samples, make_backbone(), params, tmp_path / "b", workers=4)
    third, _ = run(samples, make_backbone(), params.model_copy(update={"seed": 1}), tmp_path / "c")
    assert equal(first, second) and equal(one.projectors, other.projectors)
    assert one.history == other.history
    assert not equal(first, third)


def test_images_decoded_as_needed_train_the_same(
    samples: Samples,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cached, _ = run(samples, make_backbone(), params, tmp_path / "a")
    assert (tmp_path / "a" / "pixels.npy").exists()
    monkeypatch.setattr(pixels, "CACHE_BYTES", 0)
    decoded, _ = run(samples, make_backbone(), params, tmp_path / "b")
    assert not (tmp_path / "b" / "pixels.npy").exists()
    assert equal(cached, decoded)


@pytest.mark.parametrize("minutes", [0, 10])
@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_a_run_stopped_at_every_checkpoint_ends_with_the_same_bits(
    samples: Samples,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch_norm: str,
    minutes: float,
) -> None:
    options = {"ema": 0.5, "temperature_learnable": True, "clip_norm": 1.0, "non_finite": "skip"}
    params = params.model_copy(update={"batch_norm": batch_norm, "holdout": 3} | options)
    whole, uninterrupted = run(samples, make_backbone(), params, tmp_path / "whole")

    from pacl_core.training import loop

    save = loop.save_checkpoint

    def save_and_stop(*arguments: object, **named: object) -> None:
        save(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    stops = 2 + 3 + 3 if minutes == 0 else params.epochs
    for _ in range(stops):  # each time one step or epoch more, in what is otherwise a new process' state
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(loop, "save_checkpoint", save_and_stop)
            run(samples, make_backbone(), params, tmp_path / "parts", minutes=minutes)
    parts, trained = run(samples, make_backbone(), params, tmp_path / "parts", minutes=minutes)
    assert equal(whole, parts) and equal(uninterrupted.projectors, trained.projectors)
    assert trained.history == uninterrupted.history
    assert len(trained.history) == params.epochs
    assert [path.name for path in sorted((tmp_path / "parts").glob("epoch-*"))] == ["epoch-00003-000000000"]


def test_frozen_batch_norm_keeps_its_statistics_but_learns_its_scale(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    before = make_backbone().state()
    after, _ = run(samples, make_backbone(), params, tmp_path / "work")
    assert torch.equal(before["1.running_mean"], after["1.running_mean"])
    assert torch.equal(before["1.running_var"], after["1.running_var"])
    assert not torch.equal(before["1.weight"], after["1.weight"])
    assert not torch.equal(before["0.weight"], after["0.weight"])


def test_updated_batch_norm_follows_the_images(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    after, trained = run(
        samples, make_backbone(), params.model_copy(update={"batch_norm": "update"}), tmp_path / "work"
    )
    assert not torch.equal(make_backbone().state()["1.running_mean"], after["1.running_mean"])
    # one forward a step, whatever the number of partitions in it
    assert after["1.num_batches_tracked"].item() == trained.card["steps"]


@pytest.mark.parametrize("missing", ["strong", "partial_emotional", "weak"])
def test_an_empty_partition_contributes_nothing_and_is_named(
    make_shards: Make,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    missing: str,
) -> None:
    sizes = {"strong": 5, "partial_emotional": 6, "partial_factual": 9, "weak": 3, missing: 0}
    with caplog.at_level(logging.INFO, "pacl"):
        state, trained = run(
            read_shards(make_shards(sizes), tmp_path), make_backbone(), params, tmp_path / "work"
        )
    assert f"partition {missing} has no pairs: it contributes nothing" in caplog.text
    assert ("epoch 1 of 3: nothing to train, no pairs in strong" in caplog.text) == (missing == "strong")
    assert all(f"loss/{missing}" not in epoch for epoch in trained.history)
    assert len(trained.history) == 3
    assert not torch.equal(state["0.weight"], make_backbone().state()["0.weight"])


def test_usage_that_finds_no_pairs_is_the_users_to_fix(
    make_shards: Make, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    samples = read_shards(make_shards({"strong": 0, "weak": 4}), tmp_path)
    with pytest.raises(UserError, match="nothing to train: no pairs in strong"):
        run(samples, make_backbone(), params.model_copy(update={"usage": "strong"}), tmp_path / "work")


def test_a_loss_that_is_not_finite_names_step_term_and_samples(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    backbone = make_backbone()
    with torch.no_grad():
        backbone.module.get_parameter("6.bias")[0] = torch.nan
    with pytest.raises(UserError, match=r"step 0 \(epoch 1\): loss of strong is nan.*strong/\d") as caught:
        run(samples, backbone, params, tmp_path / "work")
    assert "\n" not in str(caught.value)


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
    _, cold = run(samples, make_backbone(), params, tmp_path / "cold")
    warm_params = params.model_copy(update={"projector_warmup_steps": 60})
    _, warm = run(samples, backbone, warm_params, tmp_path / "warm", images=images)
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
