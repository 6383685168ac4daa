"""Random models in the published formats: tiny ones, and any of timm, whose speed is that of trained ones."""

import json
from pathlib import Path
from typing import Any

import open_clip
import timm
import torch
from safetensors.torch import save_file

_CLIP = {
    "model_cfg": {
        "embed_dim": 64,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    },
}


def write_clip(folder: Path) -> dict[str, Any]:
    """A CLIP model; returns its params."""
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(_CLIP), encoding="utf-8")
    torch.manual_seed(0)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return {"kind": "open_clip", "name": "small-clip", "weights": str(folder), "sha256": None}


def write_resnet(folder: Path) -> dict[str, Any]:
    """A backbone of half a million weights; returns its params."""
    folder.mkdir(parents=True)
    name = "test_resnet.r160_in1k"
    torch.manual_seed(0)
    save_file(timm.create_model(name).state_dict(), folder / "model.safetensors")
    return {"kind": "timm", "name": name, "weights": str(folder), "sha256": None, "image_size": 32}


def write_timm(name: str, image_size: int, folder: Path) -> dict[str, Any]:
    """A timm model of any size; returns its params."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    torch.manual_seed(0)
    save_file(timm.create_model(name).state_dict(), path)
    return {"kind": "timm", "name": name, "weights": str(path), "sha256": None, "image_size": image_size}
