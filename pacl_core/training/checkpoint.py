"""Checkpoints after each epoch: safetensors and JSON, nothing that would have to be unpickled."""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pacl_core.artefacts.json_file import read_json, write_json
from pacl_core.artefacts.publish import published_folder

History = list[dict[str, float]]


def save_checkpoint(
    work: Path, history: History, model: nn.Module, optimiser: torch.optim.Optimizer, device: str
) -> None:
    """Publish `<work>/epoch-<n>`, n being the epochs in `history`, then drop the older ones.

    Holds weights, buffers, optimiser moments and the generators' states; the position in the data
    follows from the epoch.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, parameter in enumerate(_parameters(optimiser)):
        for name, value in optimiser.state[parameter].items():
            tensors[f"optimiser.{index}.{name}"] = value
    tensors["generator.cpu"] = torch.get_rng_state()
    if device.startswith("cuda"):
        tensors["generator.cuda"] = torch.cuda.get_rng_state(device)
    target = work / f"epoch-{len(history):05d}"
    with published_folder(target) as draft:
        # a copy each: safetensors refuses memory that two names share
        save_file(
            {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()},
            draft / "state.safetensors",
        )
        write_json(draft / "history.json", history)
    for other in _checkpoints(work):
        if other != target:
            shutil.rmtree(other)


def load_checkpoint(
    work: Path, model: nn.Module, optimiser: torch.optim.Optimizer, device: str
) -> History | None:
    """Restore the newest checkpoint in place; its history, or None where there is none."""
    found = _checkpoints(work)
    if not found:
        return None
    tensors = load_file(found[-1] / "state.safetensors")
    model.load_state_dict(_under("model.", tensors))
    for index, parameter in enumerate(_parameters(optimiser)):
        moments: dict[str, Any] = {}
        for name, value in _under(f"optimiser.{index}.", tensors).items():
            # moments have their parameter's memory layout, as a run without a break would have
            like = parameter if value.shape == parameter.shape else value
            moments[name] = torch.empty_like(like).copy_(value)
        if moments:
            optimiser.state[parameter] = moments
    torch.set_rng_state(tensors["generator.cpu"])
    if device.startswith("cuda"):
        torch.cuda.set_rng_state(tensors["generator.cuda"], device)
    history: History = read_json(found[-1] / "history.json")
    return history


def _checkpoints(work: Path) -> list[Path]:
    return sorted(work.glob("epoch-*"))


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
