"""One training run as a process of its own: `python -m scripts.gpu_check.run <inputs> <work> <device>`.

Leaves `<work>/trained.safetensors` and `<work>/history.json`. With `--group` (below torchrun) all that ranks
send each other goes through nccl, or gloo on a CPU, although there is one rank.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training.method import Inputs
from pacl_core.methods.pacl.training.run import train_pacl
from pacl_core.models.backbones import load_backbone
from pacl_core.runtime.settings import repeatable_products
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import World
from pacl_core.training.loop import Run
from scripts.gpu_check.inputs import backbone

PARAMS = TrainParams(
    epochs=3, batch_size=8, dim=64, backbone_lr=1e-4, batch_norm="update", non_finite="skip", ema=0.9
)


@dataclass(frozen=True)
class OneOfAGroup(World):
    """A rank that sends everything, if only to itself."""

    @property
    def alone(self) -> bool:
        return False


def trained(
    inputs: Path, work: Path, params: TrainParams, *, world: World, minutes: float = 10
) -> tuple[dict[str, Tensor], History]:
    """The weights, and the figures of each epoch; `work` may hold a checkpoint."""
    work.mkdir(exist_ok=True)
    started = load_backbone(backbone(work))
    found = train_pacl(
        Inputs(read_shards(inputs / "shards", work), started),
        params,
        Run(work, minutes),
        workers=4,
        world=world,
    )
    return started.state() | found.projectors, found.history


def main(inputs: Path, work: Path, device: str, *, group: bool) -> None:
    repeatable_products()
    torch.set_num_threads(1)
    if group:
        if device != "cpu":
            torch.cuda.set_device(0)
        dist.init_process_group("gloo" if device == "cpu" else "nccl")
    world = OneOfAGroup(0, 1, device) if group else World(device=device)
    weights, history = trained(inputs, work, PARAMS, world=world, minutes=0)
    (work / "history.json").write_text(json.dumps(history))
    save_file(weights, work / "trained.safetensors")
    if group:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], group="--group" in sys.argv)
