"""Features of a frozen backbone over a stored data set: one folder per data set and variant.

Those of a clip are the mean of its frames'.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.encoding.encoded import Encoded
from pacl_core.errors import UserError
from pacl_core.files.tables import column_names, read_table
from pacl_core.files.vectors import read_vectors, write_vectors


def holds_clips(dataset: Path) -> bool:
    """Whether a stored data set is of clips. Raises `UserError` where it is missing."""
    return "frames" in column_names(dataset)


def write_features(folder: Path, dataset: Path, images: Encoded) -> None:
    """Publish `vectors.npy` float32 [N, D] and `ids.parquet` (`item_id`), in the order of `dataset`."""
    write_vectors(folder, dataset, images.rows, dim=images.dim, id_column="item_id")


def read_features(folder: Path, dataset: Path) -> NDArray[np.float32]:
    """Features [N, D] of the items of `dataset`, mapped, not read.

    Raises `UserError` where the folder is missing or holds the features of other items.
    """
    found = read_vectors(folder)
    ids, wanted = (read_table(path, columns=["item_id"])["item_id"] for path in (found.ids, dataset))
    if ids.to_pylist() != wanted.to_pylist():
        raise UserError(f"{folder}: features of other items than {dataset}; run 'dvc repro' to renew them")
    return found.vectors


def unit_length(features: NDArray[np.float32], item_ids: Sequence[str], dataset: Path) -> NDArray[np.float32]:
    """Rows [N, D] divided by their L2 norm. Raises `UserError` naming an item that has no direction."""
    norms = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    wrong = ~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0)
    if wrong.any():
        raise UserError(
            f"{dataset}: the features of {int(wrong.sum())} items are zero or not finite, first "
            f"'{item_ids[int(wrong.argmax())]}'; check the variant's weights, or leave the images out"
        )
    scaled: NDArray[np.float32] = (features / norms).astype(np.float32)
    return scaled
