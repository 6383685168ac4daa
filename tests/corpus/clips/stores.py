"""Corpora of clips in a temporary folder, cut and read back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.clips.clip import Clip
from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.pair_store import StorePaths
from pacl_core.media.rejects import Rejected
from pacl_core.params.clips import ClipsParams
from pacl_core.runtime.jobs import threads
from pacl_core.runtime.scratch import scratch


class Stored(NamedTuple):
    """What a run published. `rejected`: (source, reason) in order."""

    rows: list[dict[str, Any]]
    rejected: list[tuple[str, str]]
    counts: dict[str, Any]
    files: dict[str, bytes]


def params(reader: str, path: Path, **others: Any) -> ClipsParams:
    return ClipsParams.model_validate({"reader": reader, "path": str(path), "image_size": 32, **others})


def listed(reader: str, path: Path, **others: Any) -> list[Clip | Rejected]:
    return list(read_clips(params(reader, path, **others)))


def stored(out: Path, those: ClipsParams, *, workers: int = 2, part_bytes: int = 1 << 28) -> Stored:
    """Cut the corpus into `out`."""

    def read() -> Iterator[Clip | Rejected]:
        return read_clips(those)

    with scratch("clips", "key", out / "scratch") as unfinished, threads(workers) as readers:
        paths = StorePaths(out / "clips", out / "rejected.parquet", unfinished)
        counts = write_clips(Corpus(read, opening(those)), those, paths, jobs=readers, part_bytes=part_bytes)
    parts = sorted((out / "clips").iterdir())
    rejected = pq.read_table(out / "rejected.parquet").to_pylist()
    return Stored(
        pa.concat_tables([pq.read_table(part) for part in parts]).to_pylist(),
        [(row["source"], row["reason"]) for row in rejected],
        counts,
        {str(file.relative_to(out)): file.read_bytes() for file in [*parts, out / "rejected.parquet"]},
    )
