"""Bare open_clip weights get what is published under their name, or a line that says what is unknown."""

import json
import logging
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip import pretrained
from safetensors.torch import save_file

from pacl_core.errors import UserError
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.open_clip_tags import published_options, uses_quick_gelu
from pacl_core.models.saved import load_model, save_model
from pacl_core.params.models import BackboneParams
from tests.tiny_checkpoints import CLIP_CONFIG

OWN = {"mean": (0.0, 0.1, 0.2), "std": (1.0, 0.9, 0.8), "interpolation": "bilinear", "resize_mode": "squash"}
OTHER = {**OWN, "interpolation": "bicubic"}


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tiny architecture in open_clip's own tables, with the given tags; its bare weights."""
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIG_PATHS", [*open_clip.factory._MODEL_CONFIG_PATHS])
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", dict(open_clip.factory._MODEL_CONFIGS))

    def registered(tags: dict[str, dict[str, Any]], quick: bool = False) -> BackboneParams:
        (tmp_path / "tiny-reg.json").write_text(json.dumps({**CLIP_CONFIG, "quick_gelu": quick}))
        open_clip.add_model_config(tmp_path / "tiny-reg.json")
        monkeypatch.setitem(pretrained._PRETRAINED, "tiny-reg", tags)
        torch.manual_seed(0)
        save_file(
            open_clip.create_model("tiny-reg", load_weights=False).state_dict(), tmp_path / "w.safetensors"
        )
        return BackboneParams(kind="open_clip", name="tiny-reg", weights=str(tmp_path / "w.safetensors"))

    return registered


def features(backbone: Any) -> torch.Tensor:
    with torch.no_grad():
        return backbone.module(torch.linspace(-2, 2, 3 * 32 * 32).view(1, 3, 32, 32))


def test_tags_that_agree_decide_preprocessing_and_activation(publish: Any, tmp_path: Path) -> None:
    quick = load_backbone(publish({"a": {**OWN, "quick_gelu": True}, "b": {**OWN, "quick_gelu": True}}))
    prepared = quick.preprocess
    assert (prepared.mean, prepared.std) == (OWN["mean"], OWN["std"])
    assert (prepared.interpolation, prepared.mode) == ("bilinear", "squash")
    plain = load_backbone(publish({"a": OWN}))
    same = load_backbone(publish({"a": OWN}, quick=True))
    assert not torch.allclose(features(quick), features(plain))
    assert torch.equal(features(quick), features(same))


def test_a_saved_model_keeps_what_the_tags_said(publish: Any, tmp_path: Path) -> None:
    backbone = load_backbone(publish({"a": {**OWN, "quick_gelu": True}}))
    (tmp_path / "saved").mkdir()
    save_model(tmp_path / "saved", backbone, None, projectors=None)
    again = load_model(tmp_path / "saved")
    assert again.preprocess == backbone.preprocess
    assert torch.equal(features(again), features(backbone))
    assert json.loads((tmp_path / "saved" / CONFIG).read_text())["preprocess_cfg"]["std"] == [1.0, 0.9, 0.8]


def test_a_name_with_both_activations_is_warned_of(publish: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "pacl")
    backbone = load_backbone(publish({"openai": {**OTHER, "quick_gelu": True}, "laion": OWN}))
    assert "published with GELU (laion) and with QuickGELU (openai)" in caplog.text
    assert "'tiny-reg-quickgelu'" in caplog.text
    assert backbone.preprocess.interpolation == "bilinear"  # of those with GELU


def test_tags_that_differ_demand_the_configuration(publish: Any) -> None:
    with pytest.raises(
        UserError, match=r"2 ways of preprocessing \(a, b, \.\.: mean 0\.00.*; d: .*bicubic"
    ) as error:
        load_backbone(publish({"a": OWN, "b": OWN, "c": OWN, "d": OTHER}))
    assert CONFIG in str(error.value) and "\n" not in str(error.value)


def test_a_configuration_without_preprocessing_is_completed(publish: Any, tmp_path: Path) -> None:
    params = publish({"a": OWN, "b": {**OTHER, "quick_gelu": True}}, quick=True)
    (tmp_path / CONFIG).write_text(json.dumps({"model_cfg": {**CLIP_CONFIG, "quick_gelu": True}}))
    assert load_backbone(params).preprocess.interpolation == "bicubic"


def test_an_unpublished_name_is_warned_of(publish: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "pacl")
    assert load_backbone(publish({})).preprocess.interpolation == "bicubic"
    assert "nothing is published under this name" in caplog.text


def test_what_open_clip_publishes_today() -> None:
    """MobileCLIP, OpenAI's ResNets, a name with both forms, one with two ways of preprocessing."""
    mobile = published_options("MobileCLIP-S1", CONFIG, None)
    assert mobile["force_preprocess_cfg"]["mean"] == (0.0, 0.0, 0.0)
    assert mobile["force_preprocess_cfg"]["interpolation"] == "bilinear"
    assert published_options("RN50", CONFIG, None)["force_quick_gelu"]
    assert published_options("ViT-B-32-quickgelu", CONFIG, None)["force_quick_gelu"]
    assert "force_quick_gelu" not in published_options("ViT-B-32", CONFIG, None)
    assert [uses_quick_gelu(name) for name in ("RN50", "ViT-B-32", "convnext_base")] == [True, None, False]
    with pytest.raises(UserError, match=r"ViT-L-14.*laion2b"):
        published_options("ViT-L-14", CONFIG, None)


def test_a_config_that_says_the_other_activation_is_refused_where_the_name_decides(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(json.dumps({"model_cfg": {**CLIP_CONFIG, "quick_gelu": False}}))
    save_file({"a": torch.zeros(1)}, tmp_path / "open_clip_model.safetensors")
    with pytest.raises(UserError, match="describes the other activation; name it 'ViT-B-32'"):
        load_clip("ViT-B-32-quickgelu", str(tmp_path), None)
