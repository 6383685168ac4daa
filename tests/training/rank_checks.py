"""What two ranks do together, for test_distributed.py: `torchrun -m <this module> <folder>`.

Each rank writes what it found to `<folder>/<rank>.json`; not a test itself.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from pacl_core.errors import UserError
from pacl_core.training.distributed import World, own_folder, world_of
from pacl_core.training.sync_batch_norm import world_features

SIZE = 5
ROWS = torch.arange(2.0 * SIZE).view(SIZE, 2)
IMAGES = torch.randn(SIZE, 3, 2, 2, generator=torch.Generator().manual_seed(0))


def norm() -> nn.BatchNorm2d:
    module = nn.BatchNorm2d(3)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return module


def gathered(world: World) -> dict[str, object]:
    """Gathered rows, and the gradient of a loss to which each rank adds its own multiple of all of them."""
    share = ROWS[world.local_slice(SIZE)].clone().requires_grad_()
    everything = world.gather(share, SIZE)
    ((world.rank + 1) * everything.square()).sum().backward()
    assert share.grad is not None
    return {"rows": everything.tolist(), "gradient": share.grad.tolist()}


def summed(world: World) -> list[list[float] | None]:
    """Gradients of four parameters: of both ranks, of the first alone, of the second alone, of none."""
    parameters = [nn.Parameter(torch.zeros(2)) for _ in range(4)]
    for parameter, ranks in zip(parameters, ((0, 1), (0,), (1,), ()), strict=True):
        if world.rank in ranks:
            parameter.grad = torch.tensor([1.0, 10.0 * (world.rank + 1)])
    world.add_up_gradients(parameters)
    return [None if one.grad is None else one.grad.tolist() for one in parameters]


def refusal(world: World, value: object) -> str:
    try:
        world.agree("the answer", value)
    except UserError as error:
        return str(error)
    return ""


def normalised(world: World, own: slice) -> dict[str, object]:
    module = norm()
    images = IMAGES[own].clone().requires_grad_()
    found = world_features(module, module, 3, world=world)(images)
    found.pow(3).sum().backward()
    assert images.grad is not None
    statistics = [module.running_mean, module.running_var]
    return {
        "images": found.tolist(),
        "gradient": images.grad.tolist(),
        "statistics": [one.tolist() for one in statistics if one is not None],
    }


def checks(world: World, folder: Path) -> dict[str, object]:
    module = nn.BatchNorm1d(1)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            tensor.fill_(world.rank + 7)
    world.same_weights(module)
    seen = folder / "seen"
    with world.first_before_the_others():
        there = seen.exists()
        seen.touch()
    own = own_folder(folder, world)
    first_has_all = slice(0, SIZE if world.first else 0)
    return {
        "gathered": gathered(world),
        "summed": summed(world),
        "same": refusal(world, [1, "a"]),
        "different": refusal(world, [world.rank]),
        "weights": [float(tensor) for tensor in module.state_dict().values()],
        "saw_the_file": there,
        "folder": own.name,
        "norm": normalised(world, world.local_slice(SIZE)),
        "norm_of_none": normalised(world, first_has_all),
    }


if __name__ == "__main__":
    with world_of("cpu") as world:
        found = checks(world, Path(sys.argv[1]))
        (Path(sys.argv[1]) / f"{world.rank}.json").write_text(json.dumps(found))
