"""A training run as a stage starts it: what it returns is saved, loaded and says how it was made."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pacl_core.methods.emotionclip.clips import Clips
from pacl_core.methods.emotionclip.run import CODE, Trained, train_emotionclip
from pacl_core.models.video_text import load_video_text, save_video_text
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.scratch import code_files
from pacl_core.training.loop import Run
from tests.methods.emotionclip import made
from tests.paths import ROOT


def trained(folder: Path, clips: Clips, **given: object) -> Trained:
    params = TrainClipsParams(**{**made.SMALL, "epochs": 2, "batch_size": 5, "holdout": 2, **given})
    (folder / "work").mkdir()
    return train_emotionclip(
        made.tiny_clip(folder / "clip"), clips, params, run=Run(folder / "work"), workers=2
    )


def test_its_model_is_saved_and_loaded_with_its_card(tmp_path: Path) -> None:
    found = trained(tmp_path, made.made_clips())
    (tmp_path / "model").mkdir()
    origin = BackboneParams(kind="open_clip", name="tiny-clip", weights=str(tmp_path / "clip"))
    save_video_text(tmp_path / "model", found.model, found.card, origin=origin)
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    said = {key: card["training"][key] for key in ("clips", "held_out", "steps", "frames_seen")}
    assert said == {"clips": 10, "held_out": 2, "steps": 4, "frames_seen": 4 * 5 * 4}
    loaded = load_video_text(tmp_path / "model")
    assert loaded.clip.network.logit_scale.exp().item() == pytest.approx(card["training"]["scale"])
    names = ("loss/snce", "suppressed", "scale", "recall_video_to_text/at_1", "gradient_norm")
    assert all(name in found.history[-1] for name in names)
    tokens = loaded.tokens(["a red square goes right"])
    with torch.no_grad():
        torch.testing.assert_close(loaded.text_features(tokens), found.model.text_features(tokens))


def test_a_loss_in_which_hardly_anything_repels_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips = made.made_clips()
    alike = Clips(clips.sample_ids, clips.texts, np.ones((12, 7), np.float32), clips.frames)
    trained(tmp_path, alike)
    assert "100 % of all pairs hardly repel" in caplog.text and "lower loss.beta" in caplog.text


def test_the_code_of_a_run_is_the_engine_the_method_and_the_models() -> None:
    files = {file.relative_to(ROOT / "pacl_core").as_posix() for file in code_files(*CODE)}
    assert {"training/contrastive.py", "methods/emotionclip/clips.py", "models/subject/emphasis.py"} <= files
    assert {"params/video_text.py", "models/temporal.py", "media/images.py"} <= files
    assert not [file for file in files if file.startswith(("report", "cli", "evaluation", "methods/pacl"))]
