"""Runs of several ranks for test_distributed.py; not a test itself: `torchrun -m <this module> <folder>`.

Trains every case of `<folder>/cases.json` and writes `<folder>/<case>-<ranks>.safetensors` and `.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.models.backbones import Backbone, merged_state
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams
from pacl_core.training.distributed import World, own_folder, world_of
from tests.methods.pacl.training.runs import train


class Largest(TorchDispatchMode):
    """Notes the longest second-to-last axis of all matrices with at least `wide` columns."""

    def __init__(self, wide: int) -> None:
        super().__init__()
        self.wide, self.rows = wide, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, torch.Tensor) and tensor.ndim == 2 and min(tensor.shape) > self.wide:
                self.rows = max(self.rows, min(tensor.shape))
        return result


def tiny_backbone(bias: bool) -> Backbone:
    """A `bias` in front of a normalisation that updates has gradient 0: AdamW makes steps of its rounding."""
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, bias=bias),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2, bias=bias),
        nn.BatchNorm2d(8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    ).eval()
    preprocess = Preprocess(16, 18, "shortest", "bilinear", (0.5,) * 3, (0.25,) * 3)
    params = BackboneParams(kind="timm", name="tiny")
    return Backbone(params, module, 10, preprocess, "none", lambda: merged_state(module, {}), "0" * 64)


def train_cases(folder: Path, world: World) -> None:
    for name, case in json.loads((folder / "cases.json").read_text()).items():
        params = TrainParams(**case["params"])
        backbone = tiny_backbone(bias=params.batch_norm == "frozen")
        images = read_vectors(Path(case["images"])) if "images" in case else None
        work = folder / f"work-{name}-{world.count}"
        work.mkdir(exist_ok=True)
        samples = read_shards(Path(case["shards"]), own_folder(work, world))
        with Largest(wide=params.dim) as largest:
            trained = train(samples, backbone, params, work, images=images, workers=1, world=world)
        weights = backbone.state() | trained.projectors
        world.agree(f"weights of {name}", {key: tensor.tolist() for key, tensor in weights.items()})
        if world.first:
            save_file(weights, folder / f"{name}-{world.count}.safetensors")
            found = {"history": trained.history, "similarity_rows": largest.rows}
            (folder / f"{name}-{world.count}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    with world_of("cpu") as world:
        train_cases(Path(sys.argv[1]), world)
