"""Partitioned Adaptive Contrastive Learning: the library behind the stages. It works without DVC."""

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pacl_core.inference.clips import Clip
    from pacl_core.inference.features import PaclFeatures
    from pacl_core.inference.model import SavedModel

__all__ = ["Clip", "PaclFeatures", "__version__", "load"]


def load(
    model: str | PathLike[str], device: str | None = None, *, revision: str | None = None
) -> "SavedModel":
    """A saved model, ready to use: `model = pacl_core.load("models/pacl")`.

    `model`: a folder, or a repository of the Hugging Face Hub, `owner/name`, at `revision` (a branch, tag or
    commit). `device`: a torch device, by default PACL_DEVICE, else the best there is.

    `model.embed(images)` gives `[N, model.dim]` float32, `model.classify(images, labels, prompts)`
    `[N, len(labels)]` probabilities, of images and of clips; `model.embed_texts(texts)` and
    `model.similarity(images, texts)` are for search. `model.module` is the network in evaluation mode,
    `model.transform` makes its input.

    Raises `UserError` where a file is missing or does not fit, or the hub has no such repository.
    """
    from pacl_core.inference.hub import model_folder
    from pacl_core.inference.model import load_saved_model  # torch costs seconds

    return load_saved_model(model_folder(model, revision), device)


def __getattr__(name: str) -> Any:
    """`__version__`, the installed package's, `Clip` and `PaclFeatures`: only who asks pays for them."""
    if name == "Clip":
        from pacl_core.inference.clips import Clip

        return Clip
    if name == "PaclFeatures":
        from pacl_core.inference.features import PaclFeatures

        return PaclFeatures
    if name != "__version__":
        raise AttributeError(f"module 'pacl_core' has no attribute {name!r}")
    from pacl_core.inference.given import installed_version

    return installed_version()
