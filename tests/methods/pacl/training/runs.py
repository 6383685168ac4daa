"""Whole runs of PACL on what the fixtures make."""

from pathlib import Path

from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.methods.pacl.training.method import Inputs
from pacl_core.methods.pacl.training.run import Trained, train_pacl
from pacl_core.models.backbones import Backbone
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loop import Run


def train(
    samples: Samples,
    backbone: Backbone,
    params: TrainParams,
    work: Path,
    *,
    images: Vectors | None = None,
    workers: int = 2,
    minutes: float = 10,
    world: World = ALONE,
) -> Trained:
    """Trains `backbone` in place."""
    inputs, run = Inputs(samples, backbone, images), Run(work, minutes)
    return train_pacl(inputs, params, run, workers=workers, world=world)
