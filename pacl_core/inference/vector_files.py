"""Vectors of images as files, written a batch at a time and published whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib import format as npy
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.publish import published_file

Vectors = NDArray[np.float32]
# paths [B], space -> vectors [B, D]
Write = Callable[[Sequence[Path], Mapping[str, Vectors]], None]

ROW_GROUP = 4096


@contextmanager
def vector_writer(out: Path, spaces: Sequence[str]) -> Iterator[Write]:
    """A function that takes a batch; `out` appears when the block ends without an error.

    `out` is .npy (one space; the paths go to <name>.paths.txt) or .parquet (columns path and `spaces`).
    Raises `UserError` for another suffix, two spaces in one .npy, or no vector at all.
    """
    writers = {".npy": _npy, ".parquet": _parquet}
    if out.suffix not in writers:
        raise UserError(f"{out}: the name must end in .npy or .parquet")
    if out.suffix == ".npy" and len(spaces) > 1:
        raise UserError(f"{out}: a .npy holds one kind of vectors; take .parquet or one --space")
    with writers[out.suffix](out, spaces) as write:
        yield write


@contextmanager
def _npy(out: Path, spaces: Sequence[str]) -> Iterator[Write]:
    names = out.with_name(f"{out.stem}.paths.txt")
    shape = [0, 0]
    with (
        published_file(out) as draft,
        published_file(names) as lines,
        draft.open("w+b") as file,
        lines.open("w", encoding="utf-8") as text,
    ):

        def write(paths: Sequence[Path], vectors: Mapping[str, Vectors]) -> None:
            block = vectors[spaces[0]]
            if shape[0] == 0:
                _header(file, (0, block.shape[1]))
            file.write(np.ascontiguousarray(block, "<f4").tobytes())
            text.writelines(f"{_one_line(path)}\n" for path in paths)
            shape[:] = [shape[0] + len(block), block.shape[1]]

        yield write
        _some(out, shape[0])
        file.seek(0)  # numpy leaves room in the header for a first axis of any length
        _header(file, (shape[0], shape[1]))


@contextmanager
def _parquet(out: Path, spaces: Sequence[str]) -> Iterator[Write]:
    opened: list[pq.ParquetWriter] = []
    held: list[pa.Table] = []

    def flush(draft: Path) -> None:
        if held:
            if not opened:
                opened.append(pq.ParquetWriter(draft, held[0].schema, compression="zstd"))
            opened[0].write_table(pa.concat_tables(held))
            held.clear()

    with published_file(out) as draft:

        def write(paths: Sequence[Path], vectors: Mapping[str, Vectors]) -> None:
            columns: dict[str, pa.Array] = {"path": pa.array([str(path) for path in paths], pa.string())}
            for space in spaces:
                block = np.ascontiguousarray(vectors[space], np.float32)
                columns[space] = pa.FixedSizeListArray.from_arrays(pa.array(block.ravel()), block.shape[1])
            held.append(pa.table(columns))
            if sum(table.num_rows for table in held) >= ROW_GROUP:
                flush(draft)

        try:
            yield write
            flush(draft)
        finally:
            for writer in opened:
                writer.close()
        _some(out, len(opened))


def _header(file: BinaryIO, shape: tuple[int, int]) -> None:
    described = {"descr": "<f4", "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, described)


def _one_line(path: Path) -> str:
    if "\n" in str(path):
        raise UserError(f"{str(path)!r}: a path with a line break; write .parquet instead")
    return str(path)


def _some(out: Path, count: int) -> None:
    if count == 0:
        raise UserError(f"{out}: not written, no image could be read")
