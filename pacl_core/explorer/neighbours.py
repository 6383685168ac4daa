"""Pairs whose vectors are nearest to that of one pair, by a pass over the mapped file."""

from pathlib import Path

import numpy as np

from pacl_core.files.vectors import BLOCK, Vectors, read_vectors


def open_vectors(folders: dict[str, Path], count: int) -> dict[str, Vectors]:
    """By name the vectors of a run of `count` pairs; what is missing or has another length is left out.

    Raises `UserError` where a file is damaged.
    """
    found = {name: read_vectors(folder) for name, folder in folders.items() if folder.is_dir()}
    return {name: one for name, one in found.items() if len(one.vectors) == count}


def neighbours(vectors: Vectors, row: int, most: int) -> list[tuple[int, float]]:
    """Other rows and their cosine similarity, the most similar first; of equal ones the least row.

    A vector of zeros has a similarity of 0 to all. Memory holds one block.
    """
    own = _unit(np.asarray(vectors.vectors[row : row + 1], dtype=np.float32))[0]
    similarity = np.empty(len(vectors.vectors), dtype=np.float32)
    for start in range(0, len(similarity), BLOCK):
        block = np.asarray(vectors.vectors[start : start + BLOCK], dtype=np.float32)
        similarity[start : start + len(block)] = _unit(block) @ own
    similarity[row] = -np.inf
    order = np.argsort(-similarity, kind="stable")[: min(most, len(similarity) - 1)]
    return [(int(one), float(similarity[one])) for one in order]


def _unit(vectors_ND: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return vectors_ND / np.where(length == 0, 1, length)
