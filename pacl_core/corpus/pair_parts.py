"""Part files of pairs: bounded in size, in row groups that a reader can hold."""

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.pictures import Picture
from pacl_core.corpus.posts import Post

PAIRS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("image", pa.binary(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("pixel_hash", pa.string(), nullable=False),
        pa.field("provenance", pa.string()),
        pa.field("perceptual_hash", pa.uint64(), nullable=False),
    ]
)
ROW_GROUP = 256
PART_BYTES = 256 << 20


class PairParts:
    """Writes `folder`/part-00000.parquet and on; a part is closed at `part_bytes` of pictures and texts."""

    def __init__(self, folder: Path, part_bytes: int = PART_BYTES) -> None:
        self.pairs = 0
        self._folder = folder
        self._part_bytes = part_bytes
        self._rows: list[tuple[Post, str, Picture]] = []
        self._bytes = 0
        self._parts = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._close()

    def add(self, post: Post, text: str, picture: Picture) -> None:
        """Take one pair: the post's key and provenance, its valid text, its normalised picture."""
        self._rows.append((post, text, picture))
        self._bytes += len(picture.jpeg) + len(text)
        self.pairs += 1
        if len(self._rows) >= ROW_GROUP or self._bytes >= self._part_bytes:
            self._flush()
        if self._bytes >= self._part_bytes:
            self._close()

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._folder / f"part-{self._parts:05d}.parquet",
                PAIRS_SCHEMA,
                # a JPEG gains nothing from compression, dictionaries or minima
                compression={name: "NONE" if name == "image" else "ZSTD" for name in PAIRS_SCHEMA.names},
                use_dictionary=["provenance"],
                write_statistics=["sample_id", "width", "height"],
            )
        self._writer.write_table(_table(self._rows), row_group_size=ROW_GROUP)
        self._rows.clear()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._parts += 1
        self._bytes = 0


def _table(rows: list[tuple[Post, str, Picture]]) -> pa.Table:
    posts, texts, pictures = zip(*rows, strict=True)
    return pa.table(
        {
            "sample_id": [post.key for post in posts],
            "text": texts,
            "image": [picture.jpeg for picture in pictures],
            "width": [picture.width for picture in pictures],
            "height": [picture.height for picture in pictures],
            "pixel_hash": [picture.pixel_hash for picture in pictures],
            "provenance": [post.provenance for post in posts],
            "perceptual_hash": [picture.perceptual_hash for picture in pictures],
        },
        schema=PAIRS_SCHEMA,
    )
