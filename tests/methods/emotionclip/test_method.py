"""EmotionCLIP on the engine: it learns a few clips, resumes to the bit, and ranks end where one does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pacl_core.errors import UserError
from pacl_core.methods.emotionclip.clips import Clips
from pacl_core.methods.emotionclip.method import make_emotionclip, split
from pacl_core.methods.emotionclip.objective import sample_losses, sentiment_weights
from pacl_core.models.video_text import load_video_text, save_video_text
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.params.models import BackboneParams
from pacl_core.training import loop
from pacl_core.training.contrastive import local_rows
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.method import Batch
from tests.methods.emotionclip import made
from tests.paths import ROOT


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more would sum in another order
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def pool() -> Any:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def subset(count: int, sentiment: Any = None) -> Clips:
    clips = made.made_clips()
    given = clips.sentiment[:count] if sentiment is None else sentiment
    return Clips(clips.sample_ids[:count], clips.texts[:count], given, clips.frames)


@pytest.mark.parametrize(("kind", "beta"), [("sap", 0.0), ("saam", 0.1)])
def test_it_learns_which_text_belongs_to_which_of_a_few_clips(tmp_path: Path, kind: str, beta: float) -> None:
    """Two clips each have the same sentiment: with weights by it they never repel, so pairs are found."""
    options: dict[str, Any] = {"subject": {"kind": kind}, "loss": {"beta": beta}}
    method = made.run(tmp_path / "clip", tmp_path / "work", epochs=100, batch_size=12, **options)
    history = made.history_of(tmp_path / "work")
    assert history[-1]["loss/snce"] < 0.2 * history[0]["loss/snce"]
    everyone = np.arange(12)
    seen = [method.views.plain(row) for row in everyone]
    with torch.no_grad():
        video, text = method._features(method._piece(everyone, seen, everyone))
    found = (video @ text.T).argmax(dim=1)
    of_one = 1 if beta == 0 else 2
    assert (found // of_one == torch.arange(12) // of_one).sum() >= 11
    # of 132 ordered pairs those of two clips with the same sentiment, but where one of them has none
    assert history[-1]["suppressed"] == pytest.approx(0 if beta == 0 else 10 / 132)
    assert 1 <= history[-1]["scale"] <= 100.001
    parts = {key.split("/")[1] for key in history[0] if key.startswith("learning_rate/")}
    assert parts == {"backbone", "temporal", *(["subject"] if kind == "saam" else [])}


@pytest.mark.parametrize("minutes", [0, 10])
def test_stopped_at_every_checkpoint_it_ends_with_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: float
) -> None:
    options: dict[str, Any] = {"ema": 0.9, "holdout": 2, "batch_size": 5, "subject": {"kind": "saam"}}
    options |= {"temporal": {**made.SMALL["temporal"], "dropout": 0.2}, "schedule": "epoch"}
    origin = BackboneParams(kind="open_clip", name="tiny-clip", weights=str(tmp_path / "clip"))

    def saved(name: str) -> dict[str, bytes]:
        method = made.run(tmp_path / "clip", tmp_path / name, minutes=minutes, **options)
        out = tmp_path / f"{name}-model"
        out.mkdir()
        save_video_text(out, method.whole, {"epochs": 3}, origin=origin)
        return {file.name: file.read_bytes() for file in sorted(out.iterdir())}

    whole = saved("whole")
    save = loop.save_checkpoint

    def save_and_stop(*arguments: object, **named: object) -> None:
        save(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop, "save_checkpoint", save_and_stop)
        for _ in range(6 if minutes == 0 else 3):
            with pytest.raises(KeyboardInterrupt):
                made.run(tmp_path / "clip", tmp_path / "parts", minutes=minutes, **options)
    assert saved("parts") == whole
    assert made.history_of(tmp_path / "parts") == made.history_of(tmp_path / "whole")
    assert "recall_video_to_text/at_1" in made.history_of(tmp_path / "whole")[-1]
    loaded = load_video_text(tmp_path / "whole-model")
    assert loaded.subject.kind == "saam" and not loaded.temporal.training


def test_two_processes_end_where_one_does(tmp_path: Path) -> None:
    made.tiny_clip(tmp_path / "clip")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", "2", "-m", "tests.methods.emotionclip.made", str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    alone = made.run(tmp_path / "clip", tmp_path / "one").model.state_dict()
    together = load_file(tmp_path / "two.safetensors")
    for name, tensor in alone.items():
        torch.testing.assert_close(together[name], tensor, rtol=1e-3, atol=2e-4, msg=name)
    one, two = (made.history_of(tmp_path / name) for name in ("one", "two"))
    for key in ("loss/snce", "suppressed", "scale"):
        assert two[0][key] == pytest.approx(one[0][key], rel=1e-4)


def test_batches_are_whole_shuffled_and_a_function_of_epoch_and_seed(tmp_path: Path, pool: Any) -> None:
    method = made.make(tmp_path, pool, batch_size=5)
    first = [batch.rows().tolist() for batch in method.batches(0)]
    assert [len(rows) for rows in first] == [5, 5] and len({*first[0], *first[1]}) == 10
    assert first == [batch.rows().tolist() for batch in method.batches(0)]
    assert first != [batch.rows().tolist() for batch in method.batches(1)]
    few = made.make(tmp_path, pool, batch_size=500)
    assert [sorted(batch.rows().tolist()) for batch in few.batches(0)] == [list(range(12))]


def test_rates_are_by_the_form_of_a_weight_and_the_scale_has_that_of_matrices(
    tmp_path: Path, pool: Any
) -> None:
    lr = {"gains": 5e-5, "weights": 1e-8, "head": None}
    method = made.make(tmp_path, pool, lr=lr, subject={"kind": "saam"})
    optimiser = loop.make_optimiser(method.model, method.learning_rates, method.params)
    found = {
        id(parameter): (group["full_lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    for name, parameter in method.model.named_parameters():
        rate, decay = found[id(parameter)]
        assert rate == (5e-5 if parameter.ndim == 1 else 1e-8), name
        assert decay == (0.1 if parameter.ndim > 1 else 0.0), name
    assert found[id(method.whole.clip.network.logit_scale)] == (1e-8, 0.0)
    other = made.make(tmp_path, pool, lr={"head": 7e-4})
    rates = {
        g["part"]: g["full_lr"]
        for g in loop.make_optimiser(other.model, other.learning_rates, other.params).param_groups
    }
    assert rates["temporal"] == 7e-4 and rates["backbone"] in (5e-5, 5e-6)


@pytest.mark.parametrize("tower", ["frame", "text"])
def test_a_tower_may_start_anew_or_stay_as_it_is(tmp_path: Path, pool: Any, tower: str) -> None:
    loaded = made.tiny_clip(tmp_path).network.state_dict()
    anew = made.make(tmp_path, pool, seed=3, **{tower: {"init": "random"}}).model["backbone"].state_dict()
    for name, tensor in loaded.items():
        own = name.startswith("visual.") == (tower == "frame") and name != "logit_scale"
        if tensor.ndim > 1:
            assert torch.equal(anew[name], tensor) is not own, name
    left = made.make(tmp_path, pool, **{tower: {"train": False}})
    for name, parameter in left.model["backbone"].named_parameters():
        own = name.startswith("visual.") == (tower == "frame")
        assert parameter.requires_grad is (not own or name == "logit_scale"), name


def test_the_scale_starts_at_clips_and_stays_within_bounds(tmp_path: Path, pool: Any) -> None:
    method = made.make(tmp_path, pool)
    assert method.scale().item() == pytest.approx(1 / 0.07)
    parameter = method.whole.clip.network.logit_scale
    for value, expected in ((9.0, 100.0), (-3.0, 1.0)):
        with torch.no_grad():
            parameter.fill_(value)
        assert method.scale().item() == pytest.approx(expected)
        assert parameter.exp().item() == pytest.approx(expected)


def test_bfloat16_and_imagenets_statistics(tmp_path: Path, pool: Any) -> None:
    method = made.make(tmp_path, pool, precision="bfloat16", normalisation="imagenet", crop="frame")
    assert method.views.preprocess.mean == (0.485, 0.456, 0.406)
    batch = method.batches(0)[0]
    (piece,) = method.load(0, batch)
    loss = method.losses(piece, ALONE).terms["snce"]
    assert loss.dtype == torch.float32 and loss.isfinite()
    loss.backward()


def test_a_rank_without_clips_adds_nothing(tmp_path: Path, pool: Any) -> None:
    last = World(1, 2)
    method = replace(made.make(tmp_path, pool), world=last)
    batch = Batch({"clips": np.array([3])})
    (piece,) = method.load(0, batch)
    assert (len(piece.pixels), len(piece.sentiment)) == (1, 1)
    video, text = method._features(piece)
    nothing = local_rows(video[:0], text[:0], (video, text), offset=1)
    loss = sample_losses(nothing, sentiment_weights(piece.sentiment)).sum()
    assert loss == 0
    loss.backward()


def test_clips_without_sentiment_train_as_plain_negatives_and_are_counted(
    tmp_path: Path, pool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="pacl")
    nothing = np.full((6, 7), np.nan, np.float32)
    method = made.make(tmp_path, pool, subset(6, nothing))
    assert "6 clips have no sentiment" in caplog.text
    (piece,) = method.load(0, method.batches(0)[0])
    losses = method.losses(piece, ALONE)
    assert losses.terms["snce"].isfinite() and losses.figures["suppressed"] == 0


def test_too_few_clips_are_one_clear_line(tmp_path: Path, pool: Any) -> None:
    clip = made.tiny_clip(tmp_path)
    with pytest.raises(UserError, match="nothing to train: 1 clips"):
        make_emotionclip(clip, subset(1), TrainClipsParams(**made.SMALL), pool=pool, world=ALONE)


def test_what_is_held_out_is_never_trained_on() -> None:
    rows, held = split(10, 3, seed=0)
    assert sorted([*rows, *held]) == list(range(10)) and len(held) == 3
    assert len(split(4, 100, seed=0)[1]) == 2 and len(split(5, 0, seed=0)[1]) == 0


def test_extras_are_head_and_subject(tmp_path: Path, pool: Any) -> None:
    names = set(made.make(tmp_path, pool, subject={"kind": "saam"}).extras())
    assert {"subject.token", "subject.mixing.0", "temporal.frame_position_embedding.weight"} <= names
