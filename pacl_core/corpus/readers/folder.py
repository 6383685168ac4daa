"""A folder of pictures, each with a text file of the same name (TumEmo, MVSA); folders in it too."""

import os
from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.pictures import SUFFIXES, read_picture
from pacl_core.corpus.posts import Post, Rejected, UnusableError
from pacl_core.corpus.text import read_text, valid_name
from pacl_core.errors import UserError
from pacl_core.params.data import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts by path; the key is the path in the folder without suffix. Hidden entries are passed over.

    Rejected: a picture without text, a text without picture, any other file, what cannot be read.
    Holds one folder's listing at a time. Raises `UserError` where the folder is missing.
    """
    root = Path(params.path)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set pairs.path to the folder of pictures and texts")
    return _walk(root, root)


def _walk(root: Path, folder: Path) -> Iterator[Post | Rejected]:
    try:
        with os.scandir(folder) as entries:
            listing = sorted((entry.name, entry.is_dir()) for entry in entries if entry.name[0] != ".")
    except OSError as error:
        yield Rejected(_source(root, folder), "unreadable", error.strerror or type(error).__name__)
        return
    pictures: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for name, is_folder in listing:
        stem, suffix = Path(name).stem, Path(name).suffix
        if is_folder:
            continue
        if suffix.lower() in SUFFIXES:
            pictures.setdefault(stem, []).append(name)
        elif suffix.lower() == ".txt" and stem not in texts:
            texts[stem] = name
        else:
            yield Rejected(_source(root, folder / name), "other_file", "neither a picture nor a text (.txt)")
    for stem in sorted(pictures.keys() | texts.keys()):
        if stem not in pictures:
            yield Rejected(_source(root, folder / texts[stem]), "missing_image", "no picture of this name")
        for name in pictures.get(stem, []):
            yield _post(root, folder / name, folder / texts[stem] if stem in texts else None)
    for name, is_folder in listing:
        # a link to a folder may lead back up; only the root itself may be one
        if is_folder and not (folder / name).is_symlink():
            yield from _walk(root, folder / name)
        elif is_folder:
            yield Rejected(_source(root, folder / name), "linked_folder", "links to folders are not followed")


def _post(root: Path, picture: Path, text: Path | None) -> Post | Rejected:
    if text is None:
        return Rejected(_source(root, picture), "missing_text", "no .txt of this name")
    try:
        return Post(_source(root, picture.with_suffix("")), read_picture(picture), read_text(text))
    except UnusableError as error:
        return error.rejected(_source(root, picture))


def _source(root: Path, path: Path) -> str:
    return valid_name(path.relative_to(root).as_posix())
