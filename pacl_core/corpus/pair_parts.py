"""Part files of pairs, assembled from pieces that survive a killed run.

A piece is one row group, written when it is complete. Pieces become a part once they hold enough, so the
bytes of the parts depend only on the pairs, not on where a run was interrupted.
"""

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.pair_store_state import PairStoreState
from pacl_core.corpus.readers import PROVENANCE, Post
from pacl_core.media.images import NormalisedImage
from pacl_core.media.rejects import valid_name

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
        pa.field("original_text", pa.string(), nullable=False),
        pa.field("near_duplicate_of", pa.string()),
        pa.field("extras", pa.string()),
    ]
)
ROW_GROUP = 256
PART_BYTES = 256 << 20
_JPEGS = ("image", "frames.list.element")


@dataclass(frozen=True)
class Pair:
    """A pair to be written: its row number, the post as found, the cleaned text, the image."""

    row: int
    post: Post
    text: str
    image: NormalisedImage

    @property
    def size(self) -> int:
        return len(self.image.jpeg) + len(self.text)


class PairParts:
    """Writes pieces and parts in the folder of `state` and notes them there; the caller commits that."""

    def __init__(
        self, state: PairStoreState, part_bytes: int = PART_BYTES, schema: pa.Schema = PAIRS_SCHEMA
    ) -> None:
        self._state = state
        self._schema = schema
        self._folder = state.folder
        self._progress = state.progress
        self._part_bytes = part_bytes

    def whole(self) -> bool:
        """Whether the files that the state lists exist and are intact; other files are removed."""
        progress = self._progress
        known = {_part(number) for number in range(progress.parts)}
        known |= {_piece(number) for number in range(progress.first_piece, progress.pieces)}
        there = {path.name for path in self._folder.glob("p[ai]*-*")}
        for name in there - known:
            (self._folder / name).unlink()
        return all(
            name in there and _crc(self._folder / name) == self._state.checksum(name) for name in known
        )

    def add(self, table: pa.Table, size: int) -> None:
        """One row group, whose images and texts have `size` bytes.

        A part is closed once its pieces hold `part_bytes` of them.
        """
        with (
            _durable(self._folder / _piece(self._progress.pieces)) as stream,
            pa.ipc.new_file(stream, self._schema) as writer,
        ):
            writer.write_table(table)
        self._note(_piece(self._progress.pieces))
        self._progress.pieces += 1
        self._progress.open_bytes += size
        if self._progress.open_bytes >= self._part_bytes:
            self.close_part()

    def close_part(self) -> None:
        """Assemble the open pieces into a part; their files stay until `tidy`."""
        progress = self._progress
        if progress.first_piece == progress.pieces:
            return
        with (
            _durable(self._folder / _part(progress.parts)) as stream,
            pq.ParquetWriter(
                stream,
                self._schema,
                # a JPEG gains nothing from compression, dictionaries or minima
                compression={path: "NONE" if path in _JPEGS else "ZSTD" for path in _columns(self._schema)},
                use_dictionary=["provenance"],
                write_statistics=["sample_id", "width", "height"],
                write_page_checksum=True,
            ) as writer,
        ):
            for number in range(progress.first_piece, progress.pieces):
                with pa.OSFile(str(self._folder / _piece(number))) as piece:
                    writer.write_table(pa.ipc.open_file(piece).read_all(), row_group_size=ROW_GROUP)
        self._note(_part(progress.parts))
        progress.first_piece, progress.open_bytes = progress.pieces, 0
        progress.parts += 1

    def _note(self, name: str) -> None:
        self._state.add_file(name, _crc(self._folder / name))

    def tidy(self) -> None:
        """Remove the pieces that are in parts, once that progress is committed."""
        for path in self._folder.glob("piece-*"):
            if path.name < _piece(self._progress.first_piece):
                path.unlink()

    def link_into(self, folder: Path) -> None:
        """Link the finished parts into `folder`; they stay here too until everything is published."""
        for number in range(self._progress.parts):
            _link(self._folder / _part(number), folder / _part(number))


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc


def _part(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _piece(number: int) -> str:
    return f"piece-{number:09d}.arrow"


@contextmanager
def _durable(path: Path) -> Iterator[BinaryIO]:
    """A file that is on disk when the block ends and survives a power cut."""
    with path.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


def _columns(schema: pa.Schema) -> list[str]:
    """The columns as parquet names them, those inside lists too."""
    empty = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), empty)
    columns = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    return [columns.column(number).path for number in range(len(columns))]


def pair_table(pairs: list[Pair], near: list[str | None]) -> pa.Table:
    """Pairs as rows of `PAIRS_SCHEMA`, each with the id of the pair that it nearly repeats, or None."""
    return pa.table(
        {
            "sample_id": [pair.post.sample_id for pair in pairs],
            "text": [pair.text for pair in pairs],
            "image": [pair.image.jpeg for pair in pairs],
            "width": [pair.image.width for pair in pairs],
            "height": [pair.image.height for pair in pairs],
            "pixel_hash": [pair.image.pixel_hash for pair in pairs],
            "provenance": [pair.post.provenance for pair in pairs],
            "perceptual_hash": [pair.image.perceptual_hash for pair in pairs],
            "original_text": [valid_name(pair.post.text) for pair in pairs],
            "near_duplicate_of": near,
            "extras": [_extras(pair.post) for pair in pairs],
        },
        schema=PAIRS_SCHEMA,
    )


def _extras(post: Post) -> str | None:
    """The post's extras as a JSON object; None if there are none."""
    others = {name: value for name, value in sorted(post.extras.items()) if name != PROVENANCE}
    return valid_name(json.dumps(others, ensure_ascii=False)) if others else None
