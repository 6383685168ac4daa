"""Partitioned Adaptive Contrastive Learning: the library behind the stages. It works without DVC."""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pacl_core.inference.model import SavedModel

__all__ = ["load"]


def load(folder: str | PathLike[str], device: str | None = None) -> "SavedModel":
    """A saved model, ready to use: `model = pacl_core.load("models/pacl")`.

    `model.embed(images)` gives `[N, model.dim]` float32, `model.classify(images, labels, prompts)`
    `[N, len(labels)]` probabilities; `model.module` is the network in evaluation mode, `model.preprocess` its
    preprocessing. `device`: a torch device, by default PACL_DEVICE, else the best there is.

    Raises `UserError` where a file is missing or does not fit.
    """
    from pacl_core.inference.model import load_saved_model  # torch costs seconds

    return load_saved_model(folder, device)
