"""Specialists and their student at the published sizes: 224 pixels, tiles and low resolution of 64."""

from pathlib import Path

import numpy as np
import open_clip
import pytest
import timm
import torch

from pacl_core.methods.feng.distil import distil
from pacl_core.methods.feng.network import Machine
from pacl_core.methods.feng.run import train_specialist
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.frozen import freeze
from pacl_core.models.saved import load_specialists, save_model
from pacl_core.params.feng import DescentParams
from pacl_core.params.models import BackboneParams
from pacl_core.training.loop import Run
from tests.methods.feng import made
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm

ONE_STEP = {"epochs": 1, "step_epochs": 1, "batch_size": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "resnet18", "vgg16_bn"]
)
def test_all_tasks_train_and_timm_loads_what_is_saved(tmp_path: Path, name: str) -> None:
    given = BackboneParams(**write_tiny_timm(tmp_path / "published", name))
    parts = {part: load_backbone(given) for part in ("st", "ho", "hp")}
    params = made.params(
        **dict.fromkeys(parts, ONE_STEP), sr={"width": 2}, color={"width": 2}, jigsaw={"side": 192, "gap": 8}
    )
    images = made.made_set(6)
    for part, backbone in parts.items():
        work = tmp_path / part
        work.mkdir()
        train_specialist(
            backbone, dict.fromkeys(made.SETS, images), params, part=part, run=Run(work), machine=Machine(2)
        )
    student: Backbone = load_backbone(given)
    training = DescentParams(epochs=1, lr=0.01, batch_size=2)
    (tmp_path / "student").mkdir()
    distil(student, parts, [images], params=training, run=Run(tmp_path / "student"))
    saved = tmp_path / "saved"
    saved.mkdir()
    save_model(saved, student, None, projectors=None, specialists=parts)
    for file in ("backbone", "specialists/st", "specialists/ho", "specialists/hp"):
        timm.create_model(name, checkpoint_path=str(saved / f"{file}.safetensors"))
    loaded = load_specialists(saved)["st"]
    trained = parts["st"].module.state_dict()
    assert all(torch.equal(weight, trained[name]) for name, weight in loaded.module.state_dict().items())
    pixels = np.full((1, 3, 224, 224), 200, np.uint8)
    assert np.array_equal(
        freeze(loaded, "cpu").encode_pixels(pixels), freeze(parts["st"], "cpu").encode_pixels(pixels)
    )


def test_a_clip_of_open_clip_trains_too_and_open_clip_loads_what_is_saved(tmp_path: Path) -> None:
    """Its tiles are of another size than it takes."""
    backbone = load_backbone(BackboneParams(**write_tiny_open_clip(tmp_path / "clip")))
    patch = backbone.patch
    params = made.params(
        **dict.fromkeys(("st", "ho", "hp"), ONE_STEP),
        sr={"width": 2, "low": 2 * patch, "high": 8 * patch},
        jigsaw={"side": 3 * patch},
    )
    for part in ("st", "ho", "hp"):
        work = tmp_path / part
        work.mkdir()
        found = train_specialist(backbone, made.sets(), params, part=part, run=Run(work))
        assert all(torch.isfinite(weight).all() for weight in found.heads.values())
        saved = tmp_path / "saved" / part
        saved.mkdir(parents=True)
        save_model(saved, backbone, found.card, projectors=None)
        plain = open_clip.create_model(f"local-dir:{saved}").eval()
        images = torch.rand(2, 3, backbone.preprocess.size, backbone.preprocess.size)
        with torch.no_grad():
            expected = backbone.module.eval()(images) @ plain.visual.proj
            torch.testing.assert_close(plain.visual(images), expected)
