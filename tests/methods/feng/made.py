"""A small pretext set in memory, a small backbone, and a training that takes a second."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pacl_core.methods.feng.stored import Labels, PretextSet
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.params.feng import FengParams
from pacl_core.params.models import BackboneParams
from tests.tiny_checkpoints import write_tiny_timm

COLOURS = {"red": (220, 30, 40), "green": (40, 200, 60), "blue": (50, 60, 230)}
SETS = {"scene": "made", "anp": "made", "caption": "made"}
# 32 pixels, tiles of 16, 16 to 64 pixels
SMALL: dict[str, Any] = {
    "sets": SETS,
    "init": "weights",
    "seed": 0,
    "precision": "float32",
    "distil": {},
    "st": {"epochs": 2, "step_epochs": 1, "batch_size": 4},
    "ho": {"epochs": 2, "step_epochs": 1, "batch_size": 4},
    "hp": {"epochs": 2, "step_epochs": 1, "batch_size": 4},
    "color": {"width": 4},
    "sr": {"width": 4, "low": 16, "high": 64},
    "jigsaw": {"side": 48},
    "caption": {"embedding": 8, "hidden": 16, "attention": 16, "min_words": 3, "min_count": 2},
}


def params(**given: Any) -> FengParams:
    return FengParams.model_validate({**SMALL, **given})


def image(row: int) -> Image.Image:
    """A bar of a colour on noise; the side that it is on depends on the row."""
    pixels = np.random.default_rng(row).integers(90, 150, (40, 48, 3), dtype=np.uint8)
    pixels[5:30, 4 + 12 * (row % 3) : 16 + 12 * (row % 3)] = list(COLOURS.values())[row % 3]
    return Image.fromarray(pixels)


def made_set(count: int = 14, name: str = "made") -> PretextSet:
    names = list(COLOURS)
    return PretextSet(
        name=name,
        sample_ids=[f"{name} {row}" for row in range(count)],
        image=image,
        splits=np.array(["val" if row >= count - 4 else "train" for row in range(count)], np.str_),
        labels={"thing": Labels(tuple(names), np.arange(count, dtype=np.int64) % 3)},
        captions=[f"a {names[row % 3]} bar stands here" for row in range(count)],
    )


def sets(count: int = 14) -> dict[str, PretextSet]:
    return dict.fromkeys(("scene", "anp", "caption"), made_set(count))


def backbone(folder: Path, name: str = "test_resnet.r160_in1k", size: int = 32) -> Backbone:
    given = write_tiny_timm(folder / name, name)
    return load_backbone(BackboneParams(**given, image_size=size))
