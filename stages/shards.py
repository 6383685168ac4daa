"""Pairs, partition, pseudo-labels and text embeddings to WebDataset shards."""

from pathlib import Path

from pacl_core.files.hashing import marks_sha256
from pacl_core.methods.pacl.shards.write_shards import Inputs, write_shards
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from stages.run import run

PAIRS = Path("data/pairs")
PARTITION = Path("data/partition.parquet")
PSEUDO_LABELS = Path("data/pseudo_labels.parquet")
TEXT_EMBEDDINGS = Path("data/embeddings/text")


def main(params: Params) -> None:
    inputs = Inputs(PAIRS, PARTITION, PSEUDO_LABELS, TEXT_EMBEDDINGS)
    key = {
        "inputs": marks_sha256(inputs),
        "params": params.shards.model_dump(),
        "code": code_sha256("methods/pacl/shards", "methods/pacl/partitions.py", Path(__file__)),
        "libraries": versions("numpy", "pyarrow", "webdataset"),
    }
    with scratch("shards", key) as work:
        write_shards(inputs, Path("data/shards"), params.shards, work=work)


if __name__ == "__main__":
    run("shards", main)
