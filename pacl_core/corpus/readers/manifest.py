"""A table of picture paths and texts. Columns are parameters: `pairs.manifest`."""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.manifest_pattern import Pattern, cell, fill, read_pattern
from pacl_core.corpus.manifest_rows import Row, read_rows
from pacl_core.corpus.pictures import read_picture
from pacl_core.corpus.posts import Post, Rejected, UnusableError
from pacl_core.corpus.text import valid_name
from pacl_core.errors import UserError
from pacl_core.params.data import ManifestParams, PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts row by row; the key is the id column, else the row number from 1.

    `image` names a column of paths relative to the manifest's folder, or is a pattern over columns such
    as "images/{Theme}.jpg". Outer white space of paths and ids is dropped. Raises `UserError`: no
    manifest, no such column, a pattern that cannot be read.
    """
    manifest = _manifest_path(params)
    return _posts(manifest, params.manifest)


def _manifest_path(params: PairsParams) -> Path:
    path = Path(params.path)
    if path.is_dir():
        if params.manifest.file is None:
            raise UserError(f"{path}: a folder; set pairs.manifest.file to the manifest in it")
        path /= params.manifest.file
    if not path.is_file():
        raise UserError(f"{path}: no such manifest; set pairs.path to a .csv, .tsv, .jsonl or .parquet file")
    return path


def _posts(manifest: Path, params: ManifestParams) -> Iterator[Post | Rejected]:
    pattern = read_pattern(params.image, "pairs.manifest.image")
    columns = [params.text, *pattern.columns]
    if params.id is not None:
        columns.append(params.id)
    for number, row in read_rows(manifest, list(dict.fromkeys(columns))):
        yield row if isinstance(row, Rejected) else _post(manifest, params, pattern, number, row)


def _post(manifest: Path, params: ManifestParams, pattern: Pattern, number: int, row: Row) -> Post | Rejected:
    source = f"{manifest.name}:{number}"
    try:
        key = str(number) if params.id is None else valid_name(cell(row, params.id)).strip()
        if not key:
            raise UnusableError("missing_id", f"column '{params.id}' is empty")
        return Post(key, read_picture(manifest.parent / fill(pattern, row)), cell(row, params.text))
    except UnusableError as error:
        return error.rejected(source)
