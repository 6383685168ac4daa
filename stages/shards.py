"""Pairs, partition, pseudo-labels and text embeddings to WebDataset shards."""

from pathlib import Path

from pacl_core.params import Params
from pacl_core.shards.write import write_shards
from stages.run import run


def main(params: Params) -> None:
    write_shards(
        pairs=Path("data/pairs"),
        partition=Path("data/partition.parquet"),
        pseudo_labels=Path("data/pseudo_labels.parquet"),
        text_embeddings=Path("data/embeddings/text"),
        out=Path("data/shards"),
        params=params.shards,
    )


if __name__ == "__main__":
    run("shards", main)
