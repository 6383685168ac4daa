"""Places365-Standard (Zhou et al. 2017): scenes of 365 classes, in both forms in which it is published.

easy   {train,val}/<class>/<file>.jpg; train.txt and val.txt with lines train/<class>/<file>.jpg
plain  data_256/a/airfield/<file>.jpg and val_256/<file>.jpg, or data_large and val_large;
       places365_train_standard.txt with lines "/a/airfield/<file>.jpg 0", places365_val.txt with lines
       "<file>.jpg 165"

A class is named as in the easy form, apartment_building-outdoor for /a/apartment_building/outdoor, and has
the number that categories_places365.txt gives it; without that file classes are numbered by name. Value:
`label`, the class. The test pictures have no labels and are not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pacl_core.datasets.image_files import image_files
from pacl_core.datasets.published_text import existing_file, lines
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.image_tree import name_in
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

CATEGORIES = "categories_places365.txt"
_LISTS = {"train": "places365_train_standard.txt", "val": "places365_val.txt"}
_LINE = re.compile(r"(\S.*?)\s+(\d{1,6})")
_LETTER = re.compile(r"/?[a-z]/(.+)")


class Options(Section):
    """`size` of the plain form's pictures: `256`, squashed to squares, or `large`, of any shape; null: which
    there is, of both the first.
    """

    size: Literal["256", "large"] | None = None


class _Picture(NamedTuple):
    """`item_id`, the picture's `folder` and name in it, its class where it is known, and its split."""

    item_id: str
    folder: Path
    name: str
    label: str
    split: str


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Pictures as listed, in the easy form without lists by name; train first.

    Rejected: malformed_row, no_class, unknown_label (no class has the number), contradictory_label (path and
    number name different classes), outside_dataset, missing_image, other_file, linked_folder, unreadable.
    Raises `UserError`: neither form, a list missing, numbers that cannot be read.
    """
    root = _root(path)
    files = ListedFiles(root, "outside_dataset")
    for found in _pictures(root, options):
        if isinstance(found, Rejected):
            yield found
            continue
        try:
            image = read_image(files.find(found.folder, found.name))
        except UnusableError as error:
            yield error.rejected(found.item_id)
        else:
            yield Item(found.item_id, image, {"label": found.label}, found.split)


def classes(path: Path, options: Options) -> tuple[str, ...]:
    """The names of the classes by number. Raises `UserError`."""
    root = _root(path)
    numbered = _numbered(root)
    if numbered is None:
        found = _pictures(root, options)
        numbered = dict(enumerate(sorted({one.label for one in found if isinstance(one, _Picture)})))
    if not numbered:
        raise UserError(f"{root}: no picture of any class in it")
    return tuple(numbered[number] for number in sorted(numbered))


def class_name(folder: str) -> str:
    """The class of a folder in either form: /a/apartment_building/outdoor is apartment_building-outdoor."""
    letter = _LETTER.fullmatch(folder)
    return valid_name((letter[1] if letter else folder).strip("/").replace("/", "-"))


def _root(path: Path) -> Path:
    """The folder of the data set: `path`, or the one that the easy form's archive makes in it."""
    for root in (path, path / "places365_standard"):
        if (root / "train").is_dir() or any((root / name).is_file() for name in _LISTS.values()):
            return root
    raise UserError(
        f"{path}: no Places365; expected train/ and val/ with a folder per class, or {_LISTS['train']} and "
        "data_256/ or data_large/"
    )


def _pictures(root: Path, options: Options) -> Iterator[_Picture | Rejected]:
    if not (root / "train").is_dir():
        yield from _plain(root, options)
        return
    for split in ("train", "val"):
        listed = root / f"{split}.txt"
        if listed.is_file():
            yield from _easy_listed(root, listed, split)
        elif (root / split).is_dir():
            for found in image_files(root, root / split):
                if isinstance(found, Rejected):
                    yield found
                else:
                    yield _easy(root, name_in(root, found), found.relative_to(root).as_posix(), split=split)


def _easy_listed(root: Path, listed: Path, split: str) -> Iterator[_Picture | Rejected]:
    for at, line in lines(listed):
        name = line.strip().replace("\\", "/").lstrip("/")
        if name.count("/") < 2 or not name.startswith(f"{split}/"):
            yield Rejected(f"{listed.name}:{at}", "malformed_row", valid_name(f"no {split}/<class>/<file>"))
        else:
            yield _easy(root, valid_name(name), name, split=split)


def _easy(root: Path, item_id: str, name: str, *, split: str) -> _Picture | Rejected:
    folder = name.removeprefix(f"{split}/").rpartition("/")[0]
    if not folder:
        return Rejected(item_id, "no_class", "not in the folder of a class")
    return _Picture(item_id, root, name, class_name(folder), split)


def _plain(root: Path, options: Options) -> Iterator[_Picture | Rejected]:
    size = options.size or next((one for one in ("256", "large") if (root / f"data_{one}").is_dir()), "256")
    folders = {"train": root / f"data_{size}", "val": root / f"val_{size}"}
    expected = "a list of Places365's plain form, a line per picture and the number of its class"
    train, val = (existing_file(root / name, expected) for name in _LISTS.values())
    given = _numbered(root)
    names = given if given is not None else _by_paths(train)
    for split, listed in (("train", train), ("val", val)):
        for at, line in lines(listed):
            row = _LINE.fullmatch(line.strip())
            if row is None:
                yield Rejected(f"{listed.name}:{at}", "malformed_row", "no '<picture> <number of its class>'")
                continue
            name, label = row[1].lstrip("/"), names.get(int(row[2]))
            item_id = valid_name(f"{split}/{name}")
            of_path = class_name(name.rpartition("/")[0]) if split == "train" else label
            if label is None:
                yield Rejected(item_id, "unknown_label", f"no class has the number {row[2]}")
            elif of_path != label:
                detail = f"its folder says {of_path}, its number {row[2]} {label}"
                yield Rejected(item_id, "contradictory_label", detail)
            else:
                yield _Picture(item_id, folders[split], name, label, split)


def _numbered(root: Path) -> dict[int, str] | None:
    """Number -> class as `CATEGORIES` says, whatever the order of its lines; None without it."""
    file = root / CATEGORIES
    if not file.is_file():
        return None
    found: dict[int, str] = {}
    for at, line in lines(file):
        row = _LINE.fullmatch(line.strip())
        if row is None:
            raise UserError(f"{file}:{at}: no '/<letter>/<class> <number>'")
        name, number = class_name(row[1]), int(row[2])
        if number in found or name in found.values():
            raise UserError(f"{file}:{at}: class '{name}' or number {number} is there twice")
        found[number] = name
    if sorted(found) != list(range(len(found))):
        raise UserError(f"{file}: its numbers are not 0 to {len(found) - 1}")
    return found


def _by_paths(train: Path) -> dict[int, str]:
    """Number -> class as the paths of the training list say; the first line of a number counts."""
    found: dict[int, str] = {}
    for _, line in lines(train):
        row = _LINE.fullmatch(line.strip())
        if row is not None and "/" in row[1].strip("/"):
            found.setdefault(int(row[2]), class_name(row[1].rpartition("/")[0]))
    return found
