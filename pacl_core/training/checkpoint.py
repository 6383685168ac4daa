"""Checkpoints within and after each epoch: safetensors and JSON, nothing that would have to be unpickled."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_folder
from pacl_core.training.optimiser import optimiser_tensors, restore_optimiser
from pacl_core.training.state import TrainState

History = list[dict[str, float]]


@dataclass
class Position:
    """Where a run stands: metrics of the finished epochs, steps done in the one after them, its values.

    `values`: name of a metric -> its scalars so far in this epoch, as a `Meter` collects them.
    """

    history: History = field(default_factory=list)
    steps: int = 0
    values: dict[str, list[Tensor]] = field(default_factory=dict)


def save_checkpoint(work: Path, position: Position, state: TrainState, *, device: str) -> None:
    """Publish `<work>/epoch-<finished>-<steps>`, then drop the older ones.

    Holds weights, buffers, optimiser moments, averaged weights and the generators' states; learning rates
    and the order of the data follow from the position.
    """
    tensors = {f"model.{name}": tensor for name, tensor in state.model.state_dict().items()}
    tensors |= {f"optimiser.{name}": t for name, t in optimiser_tensors(state.optimiser).items()}
    tensors |= {f"average.{name}": tensor for name, tensor in state.average.items()}
    tensors |= {f"values.{name}": torch.stack(scalars) for name, scalars in position.values.items()}
    tensors["generator.cpu"] = torch.get_rng_state()
    if device.startswith("cuda"):
        tensors["generator.cuda"] = torch.cuda.get_rng_state(device)
    target = work / f"epoch-{len(position.history):05d}-{position.steps:09d}"
    with published_folder(target) as draft:
        save_file(tensors_on_cpu(tensors), draft / "state.safetensors")
        write_json(draft / "position.json", {"history": position.history, "steps": position.steps})
    for other in [*_checkpoints(work), *work.glob(".epoch-*")]:  # drafts too, of runs that were killed
        if other != target:
            shutil.rmtree(other)


def load_checkpoint(work: Path, state: TrainState, device: str) -> Position | None:
    """Restore the newest checkpoint in place; where it stands, or None where there is none."""
    found = _checkpoints(work)
    if not found:
        return None
    tensors = load_file(found[-1] / "state.safetensors")
    state.model.load_state_dict(_under("model.", tensors))
    restore_optimiser(state.optimiser, _under("optimiser.", tensors))
    for name, value in state.average.items():
        value.copy_(tensors[f"average.{name}"])
    torch.set_rng_state(tensors["generator.cpu"])
    if device.startswith("cuda"):
        torch.cuda.set_rng_state(tensors["generator.cuda"], device)
    stored = read_json(found[-1] / "position.json")
    values = {name: list(t.to(device).unbind()) for name, t in _under("values.", tensors).items()}
    return Position(stored["history"], stored["steps"], values)


def tensors_on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy each, as safetensors takes them: it refuses memory that two names share."""
    return {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}


def _checkpoints(work: Path) -> list[Path]:
    return sorted(work.glob("epoch-*"))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
