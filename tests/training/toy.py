"""A method of one's own in a few lines: two terms of a regression on random numbers.

`python -m torch.distributed.run .. -m tests.training.toy <folder>` trains it on several ranks.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World, world_of
from pacl_core.training.loop import Run, train
from pacl_core.training.method import Batch, Losses


class Toy:
    """Learns y = 3 x_1 - x_2 + 1 by two terms: `slope` counts four of the six rows of a step twice."""

    def __init__(self, broken: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(24, 2, generator=generator)
        self.y = self.x @ torch.tensor([3.0, -1.0]) + 1
        if broken is not None:
            self.y[broken] = torch.nan
        self.learning_rates = {"backbone": 0.1}
        self.sample_ids = [f"row {row}" for row in range(24)]
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.model = nn.ModuleDict({"backbone": nn.Linear(2, 1)})

    def warm_up(self) -> None:
        pass

    def batches(self, epoch: int) -> list[Batch]:
        rows = np.random.default_rng(epoch).permutation(24).reshape(-1, 6)
        return [Batch({"slope": one[:4], "offset": one}) for one in rows]

    def load(self, epoch: int, batch: Batch) -> list[Batch]:
        return [Batch({name: rows}) for name, rows in batch.parts.items()]

    def losses(self, inputs: Batch, world: World) -> Losses:
        (name, rows), mine = next(iter(inputs.parts.items())), inputs.local(world).rows()
        wrong = self.y[mine] - self.model["backbone"](self.x[mine])[:, 0]
        weight = 2.0 if name == "slope" else 1.0
        return Losses({name: weight * wrong.square().sum() / len(rows)})

    def evaluate(self, epoch: int) -> dict[str, float]:
        with torch.no_grad():
            return {"error": (self.y - self.model["backbone"](self.x)[:, 0]).square().mean().item()}

    def extras(self) -> dict[str, Tensor]:
        return {}


def weights(toy: Toy) -> list[Tensor]:
    return [parameter.detach() for parameter in toy.model.parameters()]


if __name__ == "__main__":
    params = TrainingParams(epochs=4, batch_size=6, warmup_steps=2, ema=0.9, clip_norm=5.0)
    with world_of("cpu") as world:
        toy = Toy()
        history = train(toy, params, Run(Path(sys.argv[1])), world=world)
        if world.first:
            found = {"history": history, "weights": [one.tolist() for one in weights(toy)]}
            (Path(sys.argv[1]) / "two.json").write_text(json.dumps(found))
