"""Embeddings and pseudo-labels to a flat map, and the pairs nearest to each cluster's centre."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pacl_core.files.json_csv import write_csv, write_json
from pacl_core.files.tables import check_same_rows, read_table, write_table
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.embedding_map import flat_map, nearest
from pacl_core.methods.params import Params
from stages.run import run

LABELS = Path("data/pseudo_labels.parquet")
SIDES = {"factual": Path("data/embeddings/image"), "emotional": Path("data/embeddings/text")}


def main(params: Params) -> None:
    sizes, normalise = params.embedding_map, params.pseudo_labels.normalise
    table = read_table(LABELS)
    ids = table["sample_id"].to_pylist()
    points: list[dict[str, Any]] = []
    examples: list[dict[str, Any]] = []
    explained = {}
    for side, folder in SIDES.items():
        found = read_vectors(folder)
        check_same_rows([LABELS, found.ids])
        labels = table[f"{side}_label"].to_numpy()
        flat = flat_map(found.vectors, sizes.points, normalise, seed=sizes.seed)
        explained[side] = flat.explained
        for row, (x, y) in zip(flat.rows.tolist(), flat.places.round(4).tolist(), strict=True):
            place = {"side": side, "sample_id": ids[row], "row": row, "x": x, "y": y}
            points.append(place | {"label": int(labels[row])})
        for near in nearest(found.vectors, labels, sizes.nearest, normalise=normalise):
            examples.append({"side": side, "sample_id": ids[near.row], **vars(near)})
    write_csv(Path("plots/embedding_map.csv"), pa.Table.from_pylist(points))
    write_table(Path("data/cluster_examples.parquet"), pa.Table.from_pylist(examples))
    write_json(Path("metrics/embedding_map.json"), explained)


if __name__ == "__main__":
    run("embedding_map", main)
