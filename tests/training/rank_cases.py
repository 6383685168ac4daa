"""Runs of several ranks for test_ranks.py: `torchrun rank_cases.py <folder>`; not a test itself.

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
from pacl_core.training.distributed import Ranks, own_folder, ranks
from pacl_core.training.loop import train


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


def train_cases(folder: Path, group: Ranks) -> None:
    for name, case in json.loads((folder / "cases.json").read_text()).items():
        params = TrainParams(**case["params"])
        backbone = tiny_backbone(bias=params.batch_norm == "frozen")
        images = read_vectors(Path(case["images"])) if "images" in case else None
        work = folder / f"work-{name}-{group.count}"
        work.mkdir(exist_ok=True)
        samples = read_shards(Path(case["shards"]), own_folder(work, group))
        with Largest(wide=params.dim) as largest:
            trained = train(samples, backbone, params, images, work, "cpu", 1, group=group)
        weights = backbone.state() | trained.projectors
        group.agree(f"weights of {name}", {key: tensor.tolist() for key, tensor in weights.items()})
        if group.first:
            save_file(weights, folder / f"{name}-{group.count}.safetensors")
            found = {"history": trained.history, "similarity_rows": largest.rows}
            (folder / f"{name}-{group.count}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    with ranks("cpu") as group:
        train_cases(Path(sys.argv[1]), group)
