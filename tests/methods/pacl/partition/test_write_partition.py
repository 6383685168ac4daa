"""The partition table from small artefacts, against the definition in plain Python."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.methods.pacl.params import PartitionParams
from pacl_core.methods.pacl.partition.write_partition import Inputs, Thresholds, write_partition

N = 200


@pytest.fixture
def artefacts(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    ids = [f"post-{i}" for i in range(N)]
    (tmp_path / "pairs").mkdir()
    for part, rows in enumerate((slice(0, 150), slice(150, N))):
        pl.DataFrame({"sample_id": ids[rows], "text": [f"text of {i}" for i in ids[rows]]}).write_parquet(
            tmp_path / "pairs" / f"part-{part:05d}.parquet"
        )
    pl.DataFrame({"sample_id": ids, "anps": [["happy dog"]] * N}).write_parquet(tmp_path / "anps.parquet")
    for name in ("factual", "emotional"):
        scores = pl.Series(rng.uniform(-0.2, 0.6, N).astype(np.float32))
        pl.DataFrame({"sample_id": ids, f"{name}_score": scores}).write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def partition(folder: Path, mode: str = "both", sigma: float = 0.7) -> tuple[pl.DataFrame, Thresholds]:
    threshold = {"transform": "clipscore", "threshold": sigma}
    params = PartitionParams.model_validate({"mode": mode, "factual": threshold, "emotional": threshold})
    inputs = Inputs(
        pairs=folder / "pairs",
        anps=folder / "anps.parquet",
        factual=folder / "factual.parquet",
        emotional=folder / "emotional.parquet",
    )
    done = write_partition(inputs, folder / "partition.parquet", params)
    return pl.read_parquet(folder / "partition.parquet"), done


@pytest.mark.parametrize("mode", ["both", "factual", "emotional", "none"])
@pytest.mark.parametrize("sigma", [0, 0.3, 0.7, 1.5])
def test_every_row_has_the_partition_of_the_definition(artefacts: Path, mode: str, sigma: float) -> None:
    table, _ = partition(artefacts, mode, sigma)
    assert table["sample_id"].to_list() == [f"post-{i}" for i in range(N)]
    for row in table.iter_rows(named=True):
        factual = 2.5 * max(row["factual_score"], 0) > sigma
        emotional = 2.5 * max(row["emotional_score"], 0) > sigma
        expected = {
            "both": {
                (True, True): "strong",
                (False, True): "partial_emotional",
                (True, False): "partial_factual",
                (False, False): "weak",
            }[factual, emotional],
            "factual": "strong" if factual else "partial_emotional",
            "emotional": "strong" if emotional else "partial_factual",
            "none": "strong",
        }[mode]
        assert row["partition"] == expected
        assert row["text"] == f"text of {row['sample_id']}"


def test_the_same_inputs_give_the_same_bytes(artefacts: Path) -> None:
    partition(artefacts)
    first = (artefacts / "partition.parquet").read_bytes()
    partition(artefacts)
    assert (artefacts / "partition.parquet").read_bytes() == first


def test_columns_are_the_contract(artefacts: Path) -> None:
    table, _ = partition(artefacts)
    assert table.columns == [
        "sample_id",
        "text",
        "anps",
        "factual_score",
        "emotional_score",
        "factual_value",
        "emotional_value",
        "factual_matched",
        "emotional_matched",
        "partition",
    ]


def test_scores_of_other_pairs_are_refused(artefacts: Path) -> None:
    scores = pl.read_parquet(artefacts / "factual.parquet")
    scores.reverse().write_parquet(artefacts / "factual.parquet")
    with pytest.raises(UserError, match="different runs"):
        partition(artefacts)


def test_scores_of_fewer_pairs_are_refused(artefacts: Path) -> None:
    pl.read_parquet(artefacts / "factual.parquet").head(10).write_parquet(artefacts / "factual.parquet")
    with pytest.raises(UserError, match="rows"):
        partition(artefacts)
