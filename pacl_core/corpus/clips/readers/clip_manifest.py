"""A table of spans of videos: CSV, TSV, JSON lines or parquet. `clips.<name>.manifest` names its columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pacl_core.corpus.clips.clip import Clip, Source, as_seconds
from pacl_core.corpus.manifest_rows import Row, cell, read_rows
from pacl_core.errors import UserError
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.clips import ClipManifestParams, ClipsParams


def read(params: ClipsParams) -> Iterator[Clip | Rejected]:
    """Clips row by row; the sample_id is the id column, else the row number from 1.

    `video` is a path relative to the manifest's folder: a video, an HDF5 file of frames or a folder of
    them. One that leads out of the corpus is rejected. `boxes` is JSON: boxes `[left, top, right, bottom]`
    or with a score as fifth, in the video's pixels, that hold for the whole clip; or an object of them by the
    second of the video from which they hold. Raises `UserError`: no manifest, no such column.
    """
    path = Path(params.path)
    manifest = path
    if path.is_dir():
        if params.manifest.file is None:
            raise UserError(f"{path}: a folder; set manifest.file of these clips to the manifest in it")
        manifest = path / params.manifest.file
    if not manifest.is_file():
        raise UserError(
            f"{manifest}: no such manifest; set path of these clips to a .csv, .jsonl or .parquet"
        )
    files = ListedFiles(path if path.is_dir() else manifest.parent, "outside_corpus")
    return _clips(manifest, files, params.manifest)


def _clips(manifest: Path, files: ListedFiles, names: ClipManifestParams) -> Iterator[Clip | Rejected]:
    columns = [names.video, names.start, names.end, names.text]
    columns += [name for name in (names.id, names.boxes) if name is not None]
    for number, row in read_rows(manifest, list(dict.fromkeys(columns))):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield _clip(manifest, files, names, number=number, row=row)
        except UnusableError as error:
            yield error.rejected(f"{manifest.name}:{number}")


def _clip(manifest: Path, files: ListedFiles, names: ClipManifestParams, *, number: int, row: Row) -> Clip:
    video = cell(row, names.video).strip()
    if not video:
        raise UnusableError("missing_video", f"column '{names.video}' is empty")
    sample_id = str(number) if names.id is None else valid_name(cell(row, names.id)).strip()
    return Clip(
        sample_id,
        Source(video, str(files.find(manifest.parent, video))),
        as_seconds(cell(row, names.start)),
        as_seconds(cell(row, names.end)),
        cell(row, names.text),
        "" if names.boxes is None else _boxes(row[names.boxes]),
    )


def _boxes(value: Any) -> str:
    """Boxes as JSON: a cell of a CSV is JSON already, one of JSON lines or parquet holds lists."""
    if value is None or isinstance(value, str) or value != value:
        return (value or "").strip() if isinstance(value, str) else ""
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        raise UnusableError("bad_boxes", f"a {type(value).__name__}") from None
