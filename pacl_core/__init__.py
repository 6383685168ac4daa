"""Partitioned Adaptive Contrastive Learning: the library behind the stages. It works without DVC."""

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pacl_core.inference.clips import Clip
    from pacl_core.inference.model import SavedModel

__all__ = ["Clip", "__version__", "load"]


def load(folder: str | PathLike[str], device: str | None = None) -> "SavedModel":
    """A saved model, ready to use: `model = pacl_core.load("models/pacl")`.

    `model.embed(images)` gives `[N, model.dim]` float32, `model.classify(images, labels, prompts)`
    `[N, len(labels)]` probabilities, of images and of clips; `model.module` is the network in evaluation
    mode, `model.preprocess` its preprocessing. `device`: a torch device, by default PACL_DEVICE, else the
    best there is.

    Raises `UserError` where a file is missing or does not fit.
    """
    from pacl_core.inference.model import load_saved_model  # torch costs seconds

    return load_saved_model(folder, device)


def __getattr__(name: str) -> Any:
    """`__version__`, the installed package's, and `Clip`: only who asks for them pays for the look-up."""
    if name == "Clip":
        from pacl_core.inference.clips import Clip

        return Clip
    if name != "__version__":
        raise AttributeError(f"module 'pacl_core' has no attribute {name!r}")
    from pacl_core.inference.given import installed_version

    return installed_version()
