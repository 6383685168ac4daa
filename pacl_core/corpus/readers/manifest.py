"""A table of image paths and texts. Columns are parameters: `pairs.manifest`."""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.manifest_rows import Pattern, Row, cell, fill, read_pattern, read_rows, split_captions
from pacl_core.corpus.readers import Post
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.pairs import ManifestParams, PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts row by row; the sample_id is the id column, else the row number from 1.

    `image` names a column of paths relative to the manifest's folder, or is a pattern over columns such
    as "images/{Theme}.jpg". Outer white space of paths and ids is dropped. Raises `UserError`: no
    manifest, no such column, a pattern that cannot be read.

    A path that leads out of the corpus (`pairs.path`, or the manifest's folder if `pairs.path` is the
    manifest) is rejected: DVC would not notice a change there, and a downloaded table should not choose which
    files are read. Links in the corpus are followed: its owner put them there.
    """
    manifest = _manifest_path(params)
    root = Path(params.path)
    return _posts(manifest, root if root.is_dir() else manifest.parent, params.manifest)


def _manifest_path(params: PairsParams) -> Path:
    path = Path(params.path)
    if path.is_dir():
        if params.manifest.file is None:
            raise UserError(f"{path}: a folder; set pairs.manifest.file to the manifest in it")
        path /= params.manifest.file
    if not path.is_file():
        raise UserError(f"{path}: no such manifest; set pairs.path to a .csv, .tsv, .jsonl or .parquet file")
    return path


def _posts(manifest: Path, root: Path, params: ManifestParams) -> Iterator[Post | Rejected]:
    pattern = read_pattern(params.image, "pairs.manifest.image")
    columns = [params.text, *pattern.columns]
    if params.id is not None:
        columns.append(params.id)
    files = ListedFiles(root, "outside_corpus")
    for number, row in read_rows(manifest, list(dict.fromkeys(columns))):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            sample_id, image, (text, extras) = _cells(params, pattern, number, row=row)
            yield Post(sample_id, read_image(files.find(manifest.parent, image)), text, extras)
        except UnusableError as error:
            yield error.rejected(f"{manifest.name}:{number}")


def _cells(
    params: ManifestParams, pattern: Pattern, number: int, *, row: Row
) -> tuple[str, str, tuple[str, dict[str, str]]]:
    """A row's sample_id, image path, and text with its extras."""
    sample_id = str(number) if params.id is None else valid_name(cell(row, params.id)).strip()
    if not sample_id:
        raise UnusableError("missing_id", f"column '{params.id}' is empty")
    return sample_id, fill(pattern, row), split_captions(row, params.text)
