"""Saved models in each library's form, and photographs."""

from pathlib import Path

import pytest
import sklearn
import torch
from PIL import Image

from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params.models import BackboneParams
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm, write_tiny_timm_resnet

WRITERS = {
    "embedded": lambda folder: {
        "kind": "timm",
        "name": "tf_efficientnet_lite0",
        "image_size": 64,
    },
    "timm": write_tiny_timm_resnet,
    "timm_vit": lambda folder: {**write_tiny_timm(folder, "test_vit.r160_in1k"), "image_size": 64},
    "open_clip": write_tiny_open_clip,
}


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A function from a kind to the folder of a saved model of it, with projectors."""
    folders = {}

    def of(kind: str) -> Path:
        if kind not in folders:
            root = tmp_path_factory.mktemp(kind)
            backbone = load_backbone(BackboneParams(**WRITERS[kind](root / "published")))
            with torch.no_grad():
                for parameter in backbone.module.parameters():
                    parameter.mul_(0.9)
            generator = torch.Generator().manual_seed(0)
            projectors = {
                "image.weight": torch.randn(8, backbone.dim, generator=generator),
                "text.weight": torch.randn(8, 4, generator=generator),
            }
            folder = root / "run/models/pacl"
            folder.mkdir(parents=True)
            training = {"steps": 3, "samples": {}, "params": {"epochs": 1, "ema": None}, "temperature": 0.07}
            save_model(folder, backbone, training, projectors=projectors)
            folders[kind] = folder
        return folders[kind]

    return of


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """Six photographs: parts of the two that come with scikit-learn."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("china.jpg", "flower.jpg"):
        with Image.open(Path(sklearn.__file__).parent / "datasets/images" / name) as image:
            for left in (0, 150, 300):
                image.crop((left, 40, left + 300, 400)).save(folder / f"{left}-{name}", quality=95)
    return sorted(folder.iterdir())
