"""Embeddings to factual and emotional pseudo-labels."""

from pathlib import Path

from pacl_core.files.json_csv import write_json
from pacl_core.files.tables import check_same_rows
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.pseudo_labels.clustering import (
    Clusters,
    cluster,
    clustering_key,
    write_pseudo_labels,
)
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import scratch
from stages.run import run

IMAGES = Path("data/embeddings/image")
TEXTS = Path("data/embeddings/text")


def main(params: Params) -> None:
    images, texts = read_vectors(IMAGES), read_vectors(TEXTS)
    check_same_rows([images.ids, texts.ids])
    with scratch("pseudo_labels", clustering_key([IMAGES, TEXTS], params.pseudo_labels)) as folder:
        factual = cluster(images.vectors, params.pseudo_labels, "image embeddings", folder=folder / "factual")
        emotional = cluster(
            texts.vectors, params.pseudo_labels, "text embeddings", folder=folder / "emotional"
        )
        write_pseudo_labels(Path("data/pseudo_labels.parquet"), images.ids, factual, emotional=emotional)
        found = {"factual": factual, "emotional": emotional}
        write_json(Path("metrics/pseudo_labels.json"), {name: _metrics(one) for name, one in found.items()})


def _metrics(clusters: Clusters) -> dict[str, object]:
    sizes = {str(label): size for label, size in enumerate(clusters.sizes)}
    return {"sizes": sizes, "inertia": clusters.inertia}


if __name__ == "__main__":
    run("pseudo_labels", main)
