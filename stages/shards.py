"""Pairs, partition, pseudo-labels and text embeddings to WebDataset shards."""

from pathlib import Path

from pacl_core.artefacts.code_hash import code_sha256, versions
from pacl_core.artefacts.content import marks_sha256
from pacl_core.artefacts.scratch import scratch
from pacl_core.params import Params
from pacl_core.shards.write import write_shards
from stages.run import run

PAIRS = Path("data/pairs")
PARTITION = Path("data/partition.parquet")
PSEUDO_LABELS = Path("data/pseudo_labels.parquet")
TEXT_EMBEDDINGS = Path("data/embeddings/text")


def main(params: Params) -> None:
    inputs = (PAIRS, PARTITION, PSEUDO_LABELS, TEXT_EMBEDDINGS)
    key = {
        "inputs": marks_sha256(inputs),
        "params": params.shards.model_dump(),
        "code": code_sha256("shards", "partitions.py", Path(__file__)),
        "libraries": versions("numpy", "pyarrow", "webdataset"),
    }
    with scratch("shards", key) as work:
        write_shards(*inputs, out=Path("data/shards"), params=params.shards, work=work)


if __name__ == "__main__":
    run("shards", main)
