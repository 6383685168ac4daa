"""Pairs on disk: parquet parts in corpus order, the rejects beside them, all published whole."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from pacl_core.artefacts.publish import published_folder
from pacl_core.artefacts.tables import table_writer
from pacl_core.corpus.pictures import Picture, normalise_picture
from pacl_core.corpus.posts import Post, Rejected, UnusableError
from pacl_core.corpus.seen import Seen
from pacl_core.corpus.text import valid_text
from pacl_core.errors import UserError

PAIRS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("image", pa.binary(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("pixel_hash", pa.string(), nullable=False),
        pa.field("provenance", pa.string()),
    ]
)
REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "reason", "detail")])
ROW_GROUP = 256
PART_BYTES = 256 << 20
_AHEAD = 4  # posts in flight per worker


@dataclass(frozen=True)
class _Pair:
    post: Post
    text: str
    picture: Picture


def write_pairs(
    posts: Iterable[Post | Rejected],
    folder: Path,
    rejected: Path,
    image_size: int,
    workers: int = 1,
    part_bytes: int = PART_BYTES,
) -> dict[str, Any]:
    """Normalise posts into `folder`/part-*.parquet and `rejected`; return the counts.

    Counts: read, pairs, rejected, rejected_by_reason, provenance (where the corpus has it). Memory: one
    row group, and a few posts per worker. Raises `UserError` where no pair is left.
    """
    reasons: Counter[str] = Counter()
    provenance: Counter[str] = Counter()
    with (
        published_folder(folder) as draft,
        table_writer(rejected, REJECTED_SCHEMA) as rejects,
        _Parts(draft, part_bytes) as parts,
        Seen() as seen,
    ):
        refused: list[Rejected] = []
        progress = tqdm(_normalised(posts, image_size, workers), desc="pairs", unit="", disable=None)
        for item in progress:
            if isinstance(item, _Pair) and not seen.add(item.post.key):
                item = Rejected(item.post.key, "duplicate_id", "an earlier pair has this id")
            if isinstance(item, _Pair):
                parts.add(item)
                if item.post.provenance is not None:
                    provenance[item.post.provenance] += 1
                continue
            reasons[item.reason] += 1
            refused.append(item)
            if len(refused) >= ROW_GROUP:
                rejects.write_table(_rejected_table(refused))
                refused.clear()
        rejects.write_table(_rejected_table(refused))
        pairs = parts.pairs
        if not pairs:
            raise UserError(_nothing(reasons))
    counts: dict[str, Any] = {
        "read": pairs + reasons.total(),
        "pairs": pairs,
        "rejected": reasons.total(),
        "rejected_by_reason": dict(sorted(reasons.items())),
    }
    return counts | ({"provenance": dict(sorted(provenance.items()))} if provenance else {})


def pair_batches(folder: Path, columns: list[str], batch: int) -> Iterator[pa.RecordBatch]:
    """Record batches of at most `batch` pairs in corpus order. Raises `UserError` without pairs."""
    for path in _part_files(folder):
        with pq.ParquetFile(path) as part:
            yield from part.iter_batches(batch_size=batch, columns=columns)


def count_pairs(folder: Path) -> int:
    """How many pairs the folder holds. Raises `UserError` without pairs."""
    return sum(pq.read_metadata(path).num_rows for path in _part_files(folder))


def _part_files(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("part-*.parquet"))
    if not paths:
        raise UserError(f"{folder}: no pairs; run the stage that writes them ('dvc repro pairs')")
    return paths


def _normalised(
    posts: Iterable[Post | Rejected], image_size: int, workers: int
) -> Iterator[_Pair | Rejected]:
    """Each post as a pair or a rejection, in order; pictures are decoded by `workers` threads."""
    ahead: deque[tuple[Post | Rejected, Future[Picture]]] = deque()
    image, picture = b"", Future[Picture]()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for post in posts:
                if (
                    isinstance(post, Post) and post.image is not image
                ):  # a picture may come with several texts
                    image, picture = post.image, pool.submit(normalise_picture, post.image, image_size)
                ahead.append((post, picture))
                if len(ahead) >= _AHEAD * workers:
                    yield _joined(*ahead.popleft())
            while ahead:
                yield _joined(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _joined(post: Post | Rejected, picture: Future[Picture]) -> _Pair | Rejected:
    if isinstance(post, Rejected):
        return post
    try:
        return _Pair(post, valid_text(post.text), picture.result())
    except UnusableError as error:
        return error.rejected(post.key)


class _Parts:
    """Part files of about `part_bytes` of pictures and texts, in row groups of `ROW_GROUP`."""

    def __init__(self, folder: Path, part_bytes: int) -> None:
        self.pairs = 0
        self._folder = folder
        self._part_bytes = part_bytes
        self._rows: list[_Pair] = []
        self._bytes = 0
        self._parts = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        self._close()

    def add(self, pair: _Pair) -> None:
        self._rows.append(pair)
        self._bytes += len(pair.picture.jpeg) + len(pair.text)
        self.pairs += 1
        if len(self._rows) >= ROW_GROUP or self._bytes >= self._part_bytes:
            self._flush()
        if self._bytes >= self._part_bytes:
            self._close()

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            path = self._folder / f"part-{self._parts:05d}.parquet"
            self._writer = pq.ParquetWriter(
                path,
                PAIRS_SCHEMA,
                # a JPEG gains nothing from compression, dictionaries or minima
                compression={name: "NONE" if name == "image" else "ZSTD" for name in PAIRS_SCHEMA.names},
                use_dictionary=["provenance"],
                write_statistics=["sample_id", "width", "height"],
            )
        self._writer.write_table(_pairs_table(self._rows), row_group_size=ROW_GROUP)
        self._rows.clear()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._parts += 1
        self._bytes = 0


def _pairs_table(rows: list[_Pair]) -> pa.Table:
    return pa.table(
        {
            "sample_id": [row.post.key for row in rows],
            "text": [row.text for row in rows],
            "image": [row.picture.jpeg for row in rows],
            "width": [row.picture.width for row in rows],
            "height": [row.picture.height for row in rows],
            "pixel_hash": [row.picture.pixel_hash for row in rows],
            "provenance": [row.post.provenance for row in rows],
        },
        schema=PAIRS_SCHEMA,
    )


def _rejected_table(refused: list[Rejected]) -> pa.Table:
    rows = [{"source": item.source, "reason": item.reason, "detail": item.detail} for item in refused]
    return pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA)


def _nothing(reasons: Counter[str]) -> str:
    if not reasons:
        return "the corpus is empty: no post was found; check pairs.path and pairs.reader"
    counts = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return f"no usable pair among {reasons.total()} inputs, rejected as: {counts}; check pairs in params.yaml"
