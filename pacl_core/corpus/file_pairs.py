"""Images and texts as files of the same name, in a folder and the folders in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from pacl_core.corpus.posts import Post
from pacl_core.errors import UserError
from pacl_core.media.image_tree import is_image, name_in, walk
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import read_text


def corpus_folder(path: str) -> Path:
    """The corpus' folder. Raises `UserError` where there is none."""
    root = Path(path)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set pairs.path to the folder of pictures and texts")
    return root


def file_posts(root: Path, sample_id: Callable[[Path], str]) -> Iterator[Post | Rejected]:
    """Posts by path, a folder before the folders in it; ids are made of the path in `root` without suffix.

    Rejected: an image without text, a text without image, any other file, a link to a folder, what cannot
    be read. Hidden entries are skipped.
    """
    for found in walk(root):
        if isinstance(found, Rejected):
            yield found
        else:
            yield from _posts(root, found, sample_id)


def read_post(sample_id: str, image: Path, text: Path) -> Post:
    """The post of two files. Raises `UnusableError` of either."""
    return Post(sample_id, read_image(image), read_text(text))


def _posts(root: Path, files: list[Path], sample_id: Callable[[Path], str]) -> Iterator[Post | Rejected]:
    images: dict[str, list[Path]] = {}
    texts: dict[str, Path] = {}
    for path in files:
        if is_image(path):
            images.setdefault(path.stem, []).append(path)
        elif path.suffix.lower() == ".txt" and path.stem not in texts:
            texts[path.stem] = path
        else:
            yield Rejected(name_in(root, path), "other_file", "neither a picture nor a text (.txt)")
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
