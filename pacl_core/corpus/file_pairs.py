"""Images and texts as files of the same name, in a folder and the folders in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pacl_core.corpus.posts import Post
from pacl_core.errors import UserError
from pacl_core.media.image_header import SUFFIXES
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import read_text


def corpus_folder(path: str) -> Path:
    """The corpus' folder. Raises `UserError` where there is none."""
    root = Path(path)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set pairs.path to the folder of pictures and texts")
    return root


def walk(root: Path, key: Callable[[Path], str]) -> Iterator[Post | Rejected]:
    """Posts by path, a folder before the folders in it; `key` is given the path in `root` without suffix.

    Rejected: an image without text, a text without image, any other file, a link to a folder, what cannot
    be read. Hidden entries are passed over. Holds one folder's listing at a time.
    """
    waiting = [root]  # a stack: folders may nest deeper than Python's calls may
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                listing = sorted((entry.name, _is_folder(entry)) for entry in entries if entry.name[0] != ".")
        except OSError as error:
            yield Rejected(
                valid_name(_inside(root, folder).as_posix()), "unreadable", error.strerror or str(error)
            )
            continue
        yield from _files(root, folder, [name for name, is_folder in listing if not is_folder], key=key)
        inner = [folder / name for name, is_folder in listing if is_folder]
        # a link to a folder may lead back up; only the root itself may be one
        for path in (path for path in inner if path.is_symlink()):
            yield Rejected(
                valid_name(_inside(root, path).as_posix()),
                "linked_folder",
                "links to folders are not followed",
            )
        waiting += reversed([path for path in inner if not path.is_symlink()])


def read_post(key: str, image: Path, text: Path) -> Post:
    """The post of two files. Raises `UnusableError` of either."""
    return Post(key, read_image(image), read_text(text))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself is no folder; reading it says what it is
        return False


def _files(
    root: Path, folder: Path, names: list[str], *, key: Callable[[Path], str]
) -> Iterator[Post | Rejected]:
    images: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for name in names:
        stem, suffix = Path(name).stem, Path(name).suffix
        if suffix.lower() in SUFFIXES:
            images.setdefault(stem, []).append(name)
        elif suffix.lower() == ".txt" and stem not in texts:
            texts[stem] = name
        else:
            source = valid_name(_inside(root, folder / name).as_posix())
            yield Rejected(source, "other_file", "neither a picture nor a text (.txt)")
    for stem in sorted(images.keys() | texts.keys()):
        if stem not in images:
            source = valid_name(_inside(root, folder / texts[stem]).as_posix())
            yield Rejected(source, "missing_image", "no picture of this name")
        for name in images.get(stem, []):
            yield _post(root, folder / name, folder / texts[stem] if stem in texts else None, key=key)


def _post(root: Path, image: Path, text: Path | None, *, key: Callable[[Path], str]) -> Post | Rejected:
    source = valid_name(_inside(root, image).as_posix())
    if text is None:
        return Rejected(source, "missing_text", "no .txt of this name")
    try:
        return read_post(valid_name(key(_inside(root, image.with_suffix("")))), image, text)
    except UnusableError as error:
        return error.rejected(source)


def _inside(root: Path, path: Path) -> Path:
    return path.relative_to(root)
