"""Examples of rebuilt positives: the same images early and late, and training none the wiser."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training import method
from pacl_core.methods.pacl.training.rebuilt import example_batch
from pacl_core.methods.pacl.training.run import Trained
from pacl_core.models.backbones import Backbone
from tests.methods.pacl.training.runs import train

SMALL = {"batch_size": 4, "dim": 8, "projector_warmup_steps": 0, "holdout": 3, "seed": 1}


def test_the_batch_is_of_weak_rows_without_repeats() -> None:
    weak = np.arange(100, 130)
    batch = example_batch(weak, 8, seed=0)
    assert len(set(batch.tolist())) == 8
    assert set(batch.tolist()) <= set(weak.tolist())
    assert batch.tolist() == example_batch(weak, 8, seed=0).tolist() != example_batch(weak, 8, 1).tolist()
    assert len(example_batch(weak[:3], 8, seed=0)) == 3
    assert len(example_batch(weak[:0], 8, seed=0)) == 0


def run(
    folder: Path, make_shards: Callable[..., Path], make_backbone: Callable[..., Backbone], **changes: object
) -> tuple[Trained, dict[str, torch.Tensor]]:
    folder.mkdir()
    shards = make_shards(folder=folder / "shards")
    backbone = make_backbone()
    params = TrainParams(**{"epochs": 6, **SMALL, **changes})  # type: ignore[arg-type]
    done = train(read_shards(shards, folder), backbone, params, folder, workers=1)
    return done, backbone.module.state_dict()


def test_early_and_late_are_of_the_same_images(
    tmp_path: Path, make_shards: Callable[..., Path], make_backbone: Callable[..., Backbone]
) -> None:
    done, _ = run(tmp_path / "run", make_shards, make_backbone)
    early, late = done.rebuilt["early"], done.rebuilt["late"]
    assert done.rebuilt["candidates"] == len(early) == len(late) == 4
    assert [one["sample_id"] for one in early] == [one["sample_id"] for one in late]
    ids = {one["sample_id"] for one in early}
    assert all(name.startswith("weak/") for name in ids)
    for one in [*early, *late]:
        assert one["positive"] in ids
        assert one["positive_similarity"] >= one["own_similarity"]
        if one["positive"] == one["sample_id"]:
            assert one["positive_similarity"] == one["own_similarity"]
    assert early != late


def test_a_run_without_a_weak_phase_has_none(
    tmp_path: Path, make_shards: Callable[..., Path], make_backbone: Callable[..., Backbone]
) -> None:
    done, _ = run(tmp_path / "run", make_shards, make_backbone, usage="partial")
    assert done.rebuilt == {"candidates": 0, "early": [], "late": []}


def test_looking_changes_no_weight(
    tmp_path: Path, make_shards: Callable[..., Path], make_backbone: Callable[..., Backbone], monkeypatch
) -> None:
    """With statistics and a generator that a forward in training mode would move."""
    options = {"batch_norm": "update", "ema": 0.9}
    _, looked = run(tmp_path / "one", make_shards, make_backbone, **options)
    monkeypatch.setattr(method, "example_batch", lambda weak, *_: weak[:0])
    _, not_looked = run(tmp_path / "other", make_shards, make_backbone, **options)
    assert all(torch.equal(looked[name], not_looked[name]) for name in looked)
