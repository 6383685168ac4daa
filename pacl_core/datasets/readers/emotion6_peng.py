"""Emotion6 (Peng et al. 2015): a distribution over seven emotions and mean valence and arousal per image.

`ground_truth.txt`, tab-separated, its first line `[image_filename]  [valence]  [arousal]  [prob. anger] ..`;
`images/<keyword>/<n>.jpg`. The keyword is what was searched for, not a label. The item_id is
`<keyword>/<n>.jpg`; values are `valence`, `arousal` and the seven emotions by name.
"""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.datasets.published_text import existing_file, lines, number
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

VALUES = ("valence", "arousal", "anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
NAME = "image_filename"


class Options(Section):
    """`annotations`: the table. `images`: the folder that its names start from."""

    annotations: str = "ground_truth.txt"
    images: str = "images"


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows in order. Rejected: malformed_row, outside_dataset, missing_image, unreadable. Raises
    `UserError`: no table, a header without the columns above.
    """
    table = existing_file(path / options.annotations, "Emotion6's table of distributions")
    rows = lines(table)
    header = [_column(field) for field in next(rows, (1, ""))[1].split("\t")]
    missing = [name for name in (NAME, *VALUES) if name not in header]
    if missing:
        raise UserError(f"{table}: its first line has no column [{missing[0]}]; expected that of Emotion6")
    files = ListedFiles(path, "outside_dataset")
    places = {name: header.index(name) for name in VALUES}
    for line, row in rows:
        fields = [field.strip() for field in row.split("\t")]
        if len(fields) != len(header):
            detail = f"{len(fields)} fields for {len(header)} columns"
            yield Rejected(f"{table.name}:{line}", "malformed_row", detail)
            continue
        name = fields[header.index(NAME)]
        try:
            image = read_image(files.find(path / options.images, name))
        except UnusableError as error:
            yield error.rejected(f"{table.name}:{line}")
            continue
        values = {value: number(fields[place]) for value, place in places.items()}
        yield Item(valid_name(name), image, values)


def _column(field: str) -> str:
    """`[prob. anger]` -> `anger`."""
    return field.strip().strip("[]").removeprefix("prob.").strip()
