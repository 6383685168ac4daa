"""ArtEmis (Achlioptas et al. 2021): what people say that a painting of WikiArt makes them feel.

`artemis_dataset_release_v0.csv`: art_style, painting, emotion, utterance, repetition; or the table that its
preprocessing makes of it, which adds `split` (train, val, test, rest) and columns that are not read. The
picture is `wikiart/<art_style>/<painting>.jpg`. The item_id is `<art_style>/<painting>#<row number>`; values
are `utterance` and `emotion`. The captions of a painting follow each other and share an `image_name`.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pacl_core.corpus.delimited_rows import read_delimited
from pacl_core.corpus.manifest_rows import Row, cell, read_rows
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.image_tree import is_image, listing
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

_TABLES = ("artemis_dataset_release_v0.csv", "artemis_preprocessed.csv")
_FOLDERS = (".", "official_data", "artemis_official_data/official_data")
_SPLITS = {"train": "train", "val": "val", "test": "test"}
_LEFT_OUT = "rest"


class Options(Section):
    """`file`: the table (null: the release, else the preprocessed one). `pictures`: the folder of the styles.
    `max_repetition`: paintings with more captions are left out, as the preprocessing does; null: none is.
    """

    file: str | None = None
    pictures: str = "wikiart"
    max_repetition: int | None = 40


class _Row(NamedTuple):
    number: int
    style: str
    painting: str
    values: dict[str, str]
    split: str | None


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Captions, painting by painting in the order of their first rows. Holds the table.

    Rejected: malformed_row, repetition, left_out (`rest`), unknown_split, outside_dataset, missing_image,
    ambiguous_image (several files or several paintings fit a name without its accents), unreadable. Raises
    `UserError`: no table, a column missing.
    """
    table = _table(path, options)
    header = next(read_delimited(table, ["art_style", "painting", "utterance"], ",")).fields
    columns = ["art_style", "painting", "emotion", "utterance"]
    columns += ["repetition"] if options.max_repetition is not None else []
    columns += ["split"] if "split" in header else []
    paintings: dict[tuple[str, str], list[_Row]] = {}
    for number, row in read_rows(table, columns):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            one = _row(number, row, options)
        except UnusableError as error:
            yield error.rejected(f"{table.name}:{number}")
        else:
            paintings.setdefault((one.style, one.painting), []).append(one)
    names = {(style, _composed(painting)) for style, painting in paintings}
    files = ListedFiles(path, "outside_dataset")
    pictures = _Pictures(files, path / options.pictures, Counter(_key(*name) for name in names))
    for (style, painting), rows in paintings.items():
        name = valid_name(f"{style}/{painting}")
        try:
            image: bytes | UnusableError = read_image(pictures.find(style, painting))
        except UnusableError as error:
            image = error
        for one in rows:
            item_id = f"{name}#{one.number}"
            if isinstance(image, UnusableError):
                yield image.rejected(item_id)
            else:
                yield Item(item_id, image, one.values, one.split, image_name=_composed(name))


def _table(path: Path, options: Options) -> Path:
    names = (options.file,) if options.file is not None else _TABLES
    for name in names:
        for folder in _FOLDERS:
            if (path / folder / name).is_file():
                return path / folder / name
    raise UserError(f"{path}: no table of ArtEmis ({' or '.join(names)}); set options.file to it")


def _row(number: int, row: Row, options: Options) -> _Row:
    style, painting = cell(row, "art_style").strip(), cell(row, "painting").strip()
    if not style or not painting:
        raise UnusableError("malformed_row", "no art_style or no painting")
    if options.max_repetition is not None:
        repetition = cell(row, "repetition").strip()
        if not (repetition.isascii() and repetition.isdigit() and len(repetition) < 10):
            raise UnusableError("malformed_row", valid_name(f"repetition '{repetition[:20]}' is no number"))
        if int(repetition) > options.max_repetition:
            raise UnusableError("repetition", f"{repetition} captions, more than {options.max_repetition}")
    split = None
    if "split" in row:
        split = cell(row, "split").strip()
        if split == _LEFT_OUT:
            raise UnusableError("left_out", "in none of the published splits (rest)")
        if split not in _SPLITS:
            raise UnusableError("unknown_split", valid_name(f"'{split[:40]}'"))
    values = {name: valid_name(cell(row, name)) for name in ("utterance", "emotion")}
    return _Row(number, style, painting, values, split)


@dataclass(frozen=True)
class _Pictures:
    """Files of paintings whose names lost or changed their accents on the way from the table to the disk.

    `paintings`: how many paintings of the table have each name once its letters beyond ASCII are dropped.
    """

    listed: ListedFiles
    folder: Path
    paintings: Counter[tuple[str, str]]
    _files: dict[str, dict[tuple[str, str], list[Path]]] = field(default_factory=dict, repr=False)

    def find(self, style: str, painting: str) -> Path:
        """The file of this name; of the same in composed letters; the only one that agrees in ASCII."""
        path = self.listed.find(self.folder / style, f"{painting}.jpg")
        if path.exists():
            return path
        if style not in self._files:
            self._files[style] = _by_ascii(self.folder / style, style)
        key = _key(style, painting)
        found = self._files[style].get(key, [])
        if len(found) > 1 or (found and self.paintings[key] > 1):
            detail = f"{len(found)} files and {self.paintings[key]} paintings have this name without accents"
            raise UnusableError("ambiguous_image", detail)
        return found[0] if found else path


def _by_ascii(folder: Path, style: str) -> dict[tuple[str, str], list[Path]]:
    files: dict[tuple[str, str], list[Path]] = {}
    for path, is_folder in listing(folder) if folder.is_dir() else []:
        if not is_folder and is_image(path):
            files.setdefault(_key(style, path.stem), []).append(path)
    return files


def _key(style: str, painting: str) -> tuple[str, str]:
    """Style and name without letters beyond ASCII; an accented letter goes whole."""
    return style, _composed(painting).encode("ascii", "ignore").decode()


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
