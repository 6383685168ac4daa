"""The images of a data set that are nearest to a test image, by the features of each variant."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 512

Features = NDArray[np.float32]
Labels = NDArray[np.object_]


def draw_queries(labels: Labels, test: NDArray[np.intp], count: int, *, seed: int) -> list[int]:
    """At most `count` of the `test` rows, drawn by `seed`, from each label in turn."""
    order = np.random.default_rng(seed).permutation(test).tolist()
    by_label: dict[object, list[int]] = {}
    for row in order:
        by_label.setdefault(labels[row], []).append(row)
    turns = [by_label[label] for label in sorted(by_label, key=str)]
    longest = max(map(len, turns), default=0)
    return [rows[turn] for turn in range(longest) for rows in turns if turn < len(rows)][:count]


def top_matches(features: Features, queries: Sequence[int], top: int) -> list[list[tuple[int, float]]]:
    """For each query row, the `top` other rows with the highest cosine, highest first, ties by row."""
    unit = _unit(features)
    found = []
    for row in queries:
        cosines = unit @ unit[row]
        cosines[row] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(top, len(cosines) - 1)]
        found.append([(int(other), float(cosines[other])) for other in best])
    return found


def same_label_share(
    features: Features, labels: Labels, queries: NDArray[np.intp], *, top: int
) -> float | None:
    """Share of the `top` nearest others that have the label of their query; None without a query."""
    if len(queries) == 0 or len(features) < 2:
        return None
    unit, hits, seen = _unit(features), 0, 0
    for start in range(0, len(queries), _BLOCK):
        rows = queries[start : start + _BLOCK]
        cosines = unit[rows] @ unit.T
        cosines[np.arange(len(rows)), rows] = -np.inf
        best = np.argsort(-cosines, axis=1, kind="stable")[:, : min(top, len(unit) - 1)]
        hits += int((labels[best] == labels[rows][:, None]).sum())
        seen += best.size
    return hits / seen


def retrieval_rows(
    dataset: str,
    queries: Sequence[int],
    by_variant: Mapping[str, Features],
    *,
    item_ids: Sequence[str],
    labels: Labels,
    top: int,
) -> list[dict[str, Any]]:
    """A record per image: the query itself (rank 0), then what each variant finds; `row` is that of the
    item."""

    def place(
        query: int, variant: str | None, rank: int, *, row: int, cosine: float | None
    ) -> dict[str, Any]:
        named = {"dataset": dataset, "query": query, "variant": variant, "rank": rank, "row": row}
        return named | {"item_id": item_ids[row], "label": labels[row], "similarity": cosine}

    rows = [place(number, None, 0, row=row, cosine=None) for number, row in enumerate(queries)]
    for variant, features in by_variant.items():
        for number, matches in enumerate(top_matches(features, queries, top)):
            rows += [
                place(number, variant, rank, row=row, cosine=round(cosine, 4))
                for rank, (row, cosine) in enumerate(matches, start=1)
            ]
    return rows


def _unit(features: Features) -> Features:
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(norms > 0, norms, 1), np.float32)
