"""Vectors as files, written a batch at a time and published whole."""

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
# a file, and the seconds of a span of it, or None
Source = tuple[Path, tuple[float, float] | None]
# of [B], space -> vectors [B, D]
Write = Callable[[Sequence[Source], Mapping[str, Vectors]], None]

ROW_GROUP = 4096


@contextmanager
def vector_writer(out: Path, spaces: Sequence[str], *, timed: bool = False) -> Iterator[Write]:
    """A function that takes a batch; `out` appears when the block ends without an error.

    `out` is .npy (one space; the paths go to <name>.paths.txt, of a span with its seconds as media fragments
    have them, clip.mp4#t=0,2) or .parquet (columns path, start and end where `timed`, and `spaces`).
    Raises `UserError` for another suffix, two spaces in one .npy, or no vector at all.
    """
    writers = {".npy": _npy, ".parquet": _parquet}
    if out.suffix not in writers:
        raise UserError(f"{out}: the name must end in .npy or .parquet")
    if out.suffix == ".npy" and len(spaces) > 1:
        raise UserError(f"{out}: a .npy holds one kind of vectors; take .parquet or one --space")
    with writers[out.suffix](out, spaces, timed) as write:
        yield write


@contextmanager
def _npy(out: Path, spaces: Sequence[str], timed: bool) -> Iterator[Write]:
    names = out.with_name(f"{out.stem}.paths.txt")
    shape = [0, 0]
    with (
        published_file(out) as draft,
        published_file(names) as lines,
        draft.open("w+b") as file,
        lines.open("w", encoding="utf-8") as text,
    ):

        def write(sources: Sequence[Source], vectors: Mapping[str, Vectors]) -> None:
            block = vectors[spaces[0]]
            if shape[0] == 0:
                _header(file, (0, block.shape[1]))
            file.write(np.ascontiguousarray(block, "<f4").tobytes())
            text.writelines(f"{_one_line(path)}{_fragment(span)}\n" for path, span in sources)
            shape[:] = [shape[0] + len(block), block.shape[1]]

        yield write
        _some(out, shape[0])
        file.seek(0)  # numpy leaves room in the header for a first axis of any length
        _header(file, (shape[0], shape[1]))


@contextmanager
def _parquet(out: Path, spaces: Sequence[str], timed: bool) -> Iterator[Write]:
    opened: list[pq.ParquetWriter] = []
    held: list[pa.Table] = []

    def flush(draft: Path) -> None:
        if held:
            if not opened:
                opened.append(pq.ParquetWriter(draft, held[0].schema, compression="zstd"))
            opened[0].write_table(pa.concat_tables(held))
            held.clear()

    with published_file(out) as draft:

        def write(sources: Sequence[Source], vectors: Mapping[str, Vectors]) -> None:
            columns: dict[str, pa.Array] = {"path": pa.array([str(path) for path, _ in sources], pa.string())}
            for place, name in enumerate(("start", "end") if timed else ()):
                seconds = [None if span is None else span[place] for _, span in sources]
                columns[name] = pa.array(seconds, pa.float64())
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


def _fragment(span: tuple[float, float] | None) -> str:
    return "" if span is None else "#t=" + ",".join(f"{edge:.3f}".rstrip("0").rstrip(".") for edge in span)


def _some(out: Path, count: int) -> None:
    if count == 0:
        raise UserError(f"{out}: not written, no input could be read")
