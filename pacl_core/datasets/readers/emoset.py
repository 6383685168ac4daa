"""EmoSet (Yang et al. 2023): `train.json`, `val.json`, `test.json`, rows [label, image, annotation].

Paths are relative to the folder of the lists. The item_id is the image's path, the value `label` the label.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pacl_core.datasets.names import is_absent, whole
from pacl_core.datasets.published_text import existing_file, published_json
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import SPLITS
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section


class Options(Section):
    """`images`: the folder that the paths of the rows start from."""

    images: str = "."


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows in order: train, val, test. Rejected: malformed_row, outside_dataset, missing_image,
    unreadable. Raises `UserError`: a missing list, one that is not a JSON array.
    """
    lists = {split: existing_file(path / f"{split}.json", "EmoSet's lists of images") for split in SPLITS}
    files = ListedFiles(path, "outside_dataset")
    for split, file in lists.items():
        for number, row in enumerate(_rows(file), start=1):
            yield _item(files, path / options.images, row, split=split, source=f"{file.name}:{number}")


def _rows(file: Path) -> list[Any]:
    rows = published_json(file)
    if not isinstance(rows, list):
        raise UserError(f"{file}: not an array of rows [label, image, annotation]")
    return rows


def _item(files: ListedFiles, folder: Path, row: Any, *, split: str, source: str) -> Item | Rejected:
    if not (isinstance(row, list) and len(row) >= 2):
        return Rejected(source, "malformed_row", "not [label, picture, annotation]")
    label, name = row[:2]
    if not isinstance(name, str) or not (is_absent(label) or isinstance(label, str | float | int)):
        return Rejected(source, "malformed_row", "not [label, picture, annotation]")
    values = {"label": valid_name(label.strip()) if isinstance(label, str) else whole(label)}
    name = name.strip()
    try:
        return Item(valid_name(name), read_image(files.find(folder, name)), values, split)
    except UnusableError as error:
        return error.rejected(source)
