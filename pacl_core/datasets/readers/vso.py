"""VSO (Borth et al. 2013), its Creative Commons part: a folder of Flickr pictures per adjective-noun pair.

[Images_with_CC/][bi_concepts1553/]<adjective_noun>/<picture>     as published; no splits
{train,test}/<adjective_noun>/<picture>     as Feng et al. divided it; test is held out, as `val`

Value: `label`, the folder's name. Flickr shows one picture for all that were deleted: it is found under
several photo numbers and pairs, and dropped as a placeholder. A photo that has several pairs has one number,
and stays.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.datasets.image_files import image_files
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.image_tree import listing, name_in
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

_INSIDE = ("Images_with_CC", "bi_concepts1553")
_SPLITS = {"train": "train", "val": "val", "test": "val"}
_PHOTO = re.compile(r"(\d{5,})_[0-9a-f]{6,}(?:_[a-z])?\.\w+", re.IGNORECASE)


class Options(Section):
    """`min_images`: a folder with fewer pictures, over all splits, is no class."""

    min_images: int = Field(1, ge=1)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Pictures by path. Rejected: tiny_folder, no_class (a picture next to the folders), other_file,
    linked_folder, unreadable. Raises `UserError`: no folder of a pair.
    """
    root = _root(path)
    known = set(classes(path, options))
    for top, split in _tops(root):
        for found in image_files(root, top):
            if isinstance(found, Rejected):
                yield found
                continue
            name = name_in(root, found)
            label = _label(found.relative_to(top).parts[0])
            if found.parent == top:
                yield Rejected(name, "no_class", "lies next to the folders of the pairs")
            elif label not in known:
                yield Rejected(name, "tiny_folder", f"'{label}' has fewer than {options.min_images} pictures")
            else:
                yield _item(name, found, label, split=split)


def classes(path: Path, options: Options) -> tuple[str, ...]:
    """The names of the pairs, sorted. Raises `UserError`."""
    root = _root(path)
    pictures: dict[str, int] = {}
    for top, _ in _tops(root):
        for folder, is_folder in listing(top):
            if is_folder and not folder.is_symlink():
                count = sum(not isinstance(one, Rejected) for one in image_files(root, folder))
                pictures[_label(folder.name)] = pictures.get(_label(folder.name), 0) + count
    found = tuple(sorted(label for label, count in pictures.items() if count >= options.min_images))
    if not found:
        raise UserError(
            f"{root}: no folder with pictures of an adjective-noun pair; expected "
            "bi_concepts1553/<adjective_noun>/, or train/ and test/ with such folders"
        )
    return found


def _root(path: Path) -> Path:
    root = path
    for name in _INSIDE:
        if (root / name).is_dir():
            root /= name
    if not root.is_dir():
        raise UserError(f"{path}: no such folder; expected VSO's bi_concepts1553, or train/ and test/")
    return root


def _tops(root: Path) -> list[tuple[Path, str | None]]:
    """The folders of the pairs' folders, each with its split."""
    split = [(root / name, part) for name, part in _SPLITS.items() if (root / name).is_dir()]
    return list(split) or [(root, None)]


def _item(name: str, path: Path, label: str, *, split: str | None) -> Item | Rejected:
    photo = _PHOTO.fullmatch(path.name)
    try:
        image = read_image(path)
    except UnusableError as error:
        return error.rejected(name)
    return Item(name, image, {"label": label}, split, image_name=f"photo {photo[1]}" if photo else None)


def _label(folder: str) -> str:
    return valid_name(unicodedata.normalize("NFC", folder.strip()))
