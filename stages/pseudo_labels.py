"""Embeddings to factual and emotional pseudo-labels."""

from pathlib import Path

import pyarrow as pa

from pacl_core.artefacts.aligned import check_same_rows
from pacl_core.artefacts.json_file import write_json
from pacl_core.artefacts.tables import read_table, write_table
from pacl_core.artefacts.vectors import read_vectors
from pacl_core.params import Params
from pacl_core.pseudo_labels.clustering import cluster
from stages.run import run


def main(params: Params) -> None:
    images = read_vectors(Path("data/embeddings/image"))
    texts = read_vectors(Path("data/embeddings/text"))
    check_same_rows([images.ids, texts.ids])
    factual = cluster(images.vectors, params.pseudo_labels, "image embeddings")
    emotional = cluster(texts.vectors, params.pseudo_labels, "text embeddings")
    write_table(
        Path("data/pseudo_labels.parquet"),
        pa.table(
            {
                "sample_id": read_table(images.ids)["sample_id"],
                "factual_label": factual.labels,
                "emotional_label": emotional.labels,
            }
        ),
    )
    write_json(
        Path("metrics/pseudo_labels.json"),
        {
            name: {
                "sizes": {str(label): size for label, size in enumerate(clusters.sizes)},
                "inertia": clusters.inertia,
            }
            for name, clusters in (("factual", factual), ("emotional", emotional))
        },
    )


if __name__ == "__main__":
    run("pseudo_labels", main)
