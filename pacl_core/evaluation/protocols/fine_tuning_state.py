"""Where one fine-tuning run stands, kept after each epoch: safetensors and JSON, nothing to unpickle."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_file, published_folder
from pacl_core.training.optimiser import optimiser_tensors, restore_optimiser

_DONE = "done.json"


@dataclass(frozen=True)
class Epochs:
    """Validation loss of each finished epoch, and the epoch chosen so far, counted from 1 (0: none)."""

    losses: tuple[float | None, ...] = ()
    best: int = 0

    def followed_by(self, loss: float | None) -> "Epochs":
        """With one more epoch; of equal losses the earlier epoch is chosen. None: not a finite loss."""
        lowest = self.losses[self.best - 1] if self.best else None
        better = loss is not None and (lowest is None or loss < lowest)
        losses = (*self.losses, loss)
        return Epochs(losses, len(losses) if better else self.best)


def save_epoch(work: Path, epochs: Epochs, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Keep weights and moments after the last of `epochs`, and its weights where it is the best one."""
    last = len(epochs.losses)
    weights = _on_cpu(model.state_dict())
    if epochs.best == last:
        with published_file(best_weights(work, last)) as draft:
            save_file(weights, draft)
    tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
    moments = _on_cpu(optimiser_tensors(optimiser))
    tensors |= {f"optimiser.{name}": tensor for name, tensor in moments.items()}
    target = work / f"epoch-{last:05d}"
    with published_folder(target) as draft:
        save_file(tensors, draft / "state.safetensors")
        write_json(draft / "epochs.json", asdict(epochs))
    for other in [*work.glob("epoch-*"), *work.glob(".epoch-*")]:
        if other != target:
            shutil.rmtree(other)
    for other in [*work.glob("best-*"), *work.glob(".best-*")]:
        if other != best_weights(work, epochs.best):
            other.unlink()


def load_epoch(work: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> Epochs:
    """Restore the newest state in place, if there is one."""
    found = sorted(work.glob("epoch-*"))
    if not found:
        return Epochs()
    tensors = load_file(found[-1] / "state.safetensors")
    model.load_state_dict(_under("model.", tensors))
    restore_optimiser(optimiser, _under("optimiser.", tensors))
    return _epochs(found[-1] / "epochs.json")


def finish(work: Path, epochs: Epochs) -> None:
    """Note that the run is over; its best weights stay, what it would go on from does not."""
    write_json(work / _DONE, asdict(epochs))
    for folder in work.glob("epoch-*"):
        shutil.rmtree(folder)


def finished(work: Path) -> Epochs | None:
    """The epochs of a run that is over, else None."""
    return _epochs(work / _DONE) if (work / _DONE).exists() else None


def best_weights(work: Path, epoch: int) -> Path:
    """The file with the weights of a chosen epoch."""
    return work / f"best-{epoch:05d}.safetensors"


def _epochs(path: Path) -> Epochs:
    stored = read_json(path)
    return Epochs(tuple(stored["losses"]), stored["best"])


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy each: safetensors refuses memory that two names share."""
    return {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
