"""Images and texts as files of the same name, in a folder and the folders in it."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pacl_core.corpus.readers import Post
from pacl_core.errors import UserError
from pacl_core.media.image_tree import is_image, name_in, walk
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import read_text


def corpus_folder(path: str, section: str = "pairs") -> Path:
    """The corpus' folder. Raises `UserError`, naming the section of params.yaml, where there is none."""
    root = Path(path)
    if not root.is_dir():
        held = "images and texts" if section == "pairs" else "videos and texts"
        raise UserError(f"{root}: no such folder; set {section}.path to the folder of {held}")
    return root


def file_posts(root: Path, sample_id: Callable[[Path], str]) -> Iterator[Post | Rejected]:
    """Posts by path, a folder before the folders in it; a post's id is its path in `root` without suffix.

    Rejected: an image without text, a text without image, any other file, a link to a folder, what cannot
    be read. Hidden entries are skipped.
    """
    for found in walk(root):
        if isinstance(found, Rejected):
            yield found
        else:
            yield from _posts(root, found, sample_id)


def read_post(sample_id: str, image: Path, text: Path) -> Post:
    """The post made of two files. Raises `UnusableError` if either cannot be used."""
    return Post(sample_id, read_image(image), read_text(text))


def _posts(root: Path, files: list[Path], sample_id: Callable[[Path], str]) -> Iterator[Post | Rejected]:
    images: dict[str, list[Path]] = {}
    texts: dict[str, Path] = {}
    for path in files:
        if is_image(path):
            images.setdefault(path.stem, []).append(path)
        elif path.suffix.lower() != ".txt":
            yield Rejected(name_in(root, path), "other_file", "neither a picture nor a text (.txt)")
        elif path.stem in texts:
            yield Rejected(name_in(root, path), "second_text", f"{texts[path.stem].name} came before")
        else:
            texts[path.stem] = path
    _compose(texts, images)
    for stem in sorted(images.keys() | texts.keys()):
        if stem not in images:
            yield Rejected(name_in(root, texts[stem]), "missing_image", "no picture of this name")
        for image in images.get(stem, []):
            if stem not in texts:
                yield Rejected(name_in(root, image), "missing_text", "no .txt of this name")
                continue
            name = valid_name(sample_id(image.relative_to(root).with_suffix("")))
            try:
                yield read_post(name, image, texts[stem])
            except UnusableError as error:
                yield error.rejected(name_in(root, image))


def _compose(texts: dict[str, Path], images: Iterable[str]) -> None:
    """Match texts to the only image whose name has the same letters, composed (NFC) or not (NFD)."""
    lonely = [stem for stem in images if stem not in texts and not stem.isascii()]
    for stem in lonely:
        alike = [one for one in texts if one not in images and _nfc(one) == _nfc(stem)]
        if len(alike) == 1 and sum(_nfc(one) == _nfc(stem) for one in lonely) == 1:
            texts[stem] = texts.pop(alike[0])


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
