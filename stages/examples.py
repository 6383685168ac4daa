"""Test items to look at: what they retrieve under each variant, and their zero-shot labels."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pacl_core.examples.dataset import (
    RETRIEVAL,
    ZERO_SHOT,
    read_dataset,
    retrieval_examples,
    zero_shot_examples,
)
from pacl_core.files.json_csv import write_json
from pacl_core.files.publish import published_folder
from pacl_core.files.tables import write_table
from pacl_core.methods.params import Params
from stages.run import run

EVALUATION = Path("evaluation")
OUT = Path("data/examples")


def main(params: Params) -> None:
    retrieved: list[dict[str, Any]] = []
    prompted: list[dict[str, Any]] = []
    metrics: dict[str, Any] = {}
    variants = params.evaluate.variants[:2]  # the report has room for before and after
    for name in params.downstream:
        data = read_dataset(Path(f"data/downstream/{name}.parquet"))
        features = {variant: Path(f"data/features/{name}-{variant}") for variant in variants}
        rows, retrieval = retrieval_examples(data, features, params.examples)
        retrieved += rows
        zero_shot = {}
        if "zero_shot" in params.evaluate.protocols:
            for variant in variants:
                rows, zero_shot[variant] = zero_shot_examples(
                    data, variant, EVALUATION, params=params.examples
                )
                prompted += rows
        metrics[name] = {"retrieval": retrieval, "zero_shot_right": zero_shot}
    with published_folder(OUT) as draft:
        write_table(draft / "retrieval.parquet", pa.Table.from_pylist(retrieved, schema=RETRIEVAL))
        write_table(draft / "zero_shot.parquet", pa.Table.from_pylist(prompted, schema=ZERO_SHOT))
    write_json(Path("metrics/examples.json"), metrics)


if __name__ == "__main__":
    run("examples", main)
