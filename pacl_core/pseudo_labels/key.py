"""When finished pieces of a clustering may be used again: same vectors, parameters, code and libraries."""

from importlib.metadata import version
from pathlib import Path

from pacl_core.artefacts.code_hash import code_sha256
from pacl_core.params.data import PseudoLabelsParams


def clustering_key(folders: list[Path], params: PseudoLabelsParams) -> dict[str, object]:
    """The scratch key of clustering the embeddings in `folders`."""
    return {
        "inputs": [_identity(file) for folder in folders for file in sorted(folder.iterdir())],
        "params": params.model_dump(),
        "code": code_sha256("pseudo_labels"),
        "libraries": [version(name) for name in ("faiss-cpu", "numpy", "scikit-learn")],
    }


def _identity(file: Path) -> list[object]:
    """What tells a file from another unread, as for DVC: vectors may be 100 GB, minutes to hash."""
    found = file.stat()
    return [str(file), found.st_size, found.st_mtime_ns, found.st_ino]
