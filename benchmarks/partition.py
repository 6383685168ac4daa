"""The partition at 1 and 10 million pairs: time and peak memory of a process of its own.

python benchmarks/partition.py [rows ...]; goal at 10 million: under 60 s, and the memory of 1 million.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from measured.process import measured

BLOCK = 1_000_000


def write_inputs(folder: Path, rows: int) -> None:
    """Pairs (without images), ANPs and both scores, with texts of tweet length."""
    (folder / "pairs").mkdir()
    rng = np.random.default_rng(0)
    anps: list[pl.DataFrame] = []
    scores: dict[str, list[pl.DataFrame]] = {"factual": [], "emotional": []}
    for part, start in enumerate(range(0, rows, BLOCK)):
        count = min(BLOCK, rows - start)
        number = pl.int_range(start, start + count, eager=True)
        ids = pl.DataFrame({"sample_id": number}).select(pl.format("post-{}", "sample_id").alias("sample_id"))
        texts = pl.format(
            "so happy about day {} at the sunny beach with my cute dog #love", pl.col("sample_id")
        )
        ids.with_columns(texts.alias("text")).write_parquet(folder / "pairs" / f"part-{part:05d}.parquet")
        phrases = pl.lit(["happy dog", "sunny beach", "cute baby"])
        anps.append(ids.with_columns(phrases.alias("anps"), pl.lit([0.3, 0.2, 0.1]).alias("anp_scores")))
        for name, frames in scores.items():
            values = pl.Series(f"{name}_score", rng.normal(0.25, 0.1, count).astype(np.float32))
            frames.append(ids.with_columns(values))
    pl.concat(anps).write_parquet(folder / "anps.parquet", row_group_size=100_000)
    for name, frames in scores.items():
        pl.concat(frames).write_parquet(folder / f"{name}.parquet", row_group_size=100_000)


def partition(folder: Path) -> None:
    """What the stage does, and its time and memory."""
    from pacl_core.methods.pacl.params import PartitionParams
    from pacl_core.methods.pacl.partition.write_partition import Inputs, write_partition

    sigma = {"transform": "clipscore", "threshold": 0.7}
    params = PartitionParams.model_validate(
        {"factual": sigma, "emotional": {"transform": "rank", "share": 0.5}}
    )
    started = time.monotonic()
    tables = [folder / f"{name}.parquet" for name in ("anps", "factual", "emotional")]
    write_partition(Inputs(folder / "pairs", *tables), folder / "partition.parquet", params)
    print(time.monotonic() - started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        partition(Path(sys.argv[2]))
        sys.exit()
    for rows in [int(rows) for rows in sys.argv[1:]] or [1_000_000, 10_000_000]:
        with tempfile.TemporaryDirectory() as name:
            write_inputs(Path(name), rows)
            done = measured([sys.executable, __file__, "--child", name])
            print(
                f"{rows:,} pairs: {float(done.output):.1f} s (CPU of the process {done.cpu:.1f} s), "
                f"peak {done.rss / 1e9:.2f} GB, anonymous {done.anonymous / 1e9:.2f} GB",
                flush=True,
            )
