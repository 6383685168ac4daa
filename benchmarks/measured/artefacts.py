"""The artefacts of a large corpus without running a model: ids, texts and numbers as the stages write them.

Every pair has the same small image, so that ten million of them fit a disk.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measured.corpus import WORDS, jpeg

from pacl_core.files.vectors import write_vectors

PART = 50_000  # rows a file of pairs
BLOCK = 10_000
DIM = 32


def write_artefacts(data: Path, rows: int) -> None:
    """`data`/pairs, scores/*.parquet, embeddings/{image,text,scorer} of `rows` pairs, one run's worth."""
    rng = np.random.default_rng(0)
    one = jpeg(rng, 16)
    for folder in ("pairs", "scores", "embeddings/text"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    writers: dict[Path, pq.ParquetWriter] = {}
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        tables = _tables(start, count, one, rng)
        for name, table in tables.items():
            path = data / name.format(part=start // PART)
            if path not in writers:
                writers[path] = pq.ParquetWriter(path, table.schema, compression="zstd")
            writers[path].write_table(table, row_group_size=256 if "pairs" in name else BLOCK)
    for writer in writers.values():
        writer.close()
    image, text = data / "embeddings/image", data / "embeddings/text"
    write_vectors(
        image, data / "pairs", lambda at, end: rng.standard_normal((end - at, DIM), np.float32), dim=DIM
    )
    for path in image.iterdir():
        os.link(path, text / path.name)


def _tables(start: int, count: int, image: bytes, rng: np.random.Generator) -> dict[str, pa.Table]:
    numbers = range(start, start + count)
    ids = pa.array([f"post-{number:09d}" for number in numbers])
    words = np.array(WORDS)[rng.integers(0, len(WORDS), (count, 8))]
    pairs = {
        "sample_id": ids,
        "text": [f"{' '.join(some)} {number}" for some, number in zip(words, numbers, strict=True)],
        "image": [image] * count,
        "width": pa.array([16] * count, pa.int32()),
        "height": pa.array([16] * count, pa.int32()),
        "pixel_hash": [f"{number:064x}" for number in numbers],
        "provenance": pa.array(np.array(["kept", "random"])[rng.integers(0, 2, count)], pa.string()),
        "perceptual_hash": pa.array(rng.integers(1, 1 << 63, count), pa.uint64()),
    }
    scores = rng.normal(0.25, 0.1, (2, count)).astype(np.float32)
    anps = [list(some) for some in words[:, :3]]
    return {
        "pairs/part-{part:05d}.parquet": pa.table(pairs),
        "scores/anps.parquet": pa.table(
            [ids, anps, pa.array([[0.3, 0.2, 0.1]] * count, pa.list_(pa.float32()))],
            names=["sample_id", "anps", "anp_scores"],
        ),
        "scores/factual.parquet": pa.table({"sample_id": ids, "factual_score": scores[0]}),
        "scores/emotional.parquet": pa.table({"sample_id": ids, "emotional_score": scores[1]}),
    }
