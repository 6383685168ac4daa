"""MVSA-Single and -Multiple (Niu et al. 2016): `data/<id>.jpg`, `data/<id>.txt`, `labelResultAll.txt`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pacl_core.corpus.file_pairs import corpus_folder
from pacl_core.corpus.readers import Post
from pacl_core.errors import UserError
from pacl_core.files.seen_ids import Seen
from pacl_core.media.image_tree import is_image
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import open_text, read_text
from pacl_core.params.pairs import PairsParams

_LABELS = "labelResultAll.txt"


class _Files(NamedTuple):
    """Images and texts by stem, and the files that are neither or repeat a stem."""

    images: dict[str, Path]
    texts: dict[str, Path]
    refused: list[Rejected]


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts whose ids the label file lists, in its order, then those of `data/` that it lacks, by number.

    Labels are not read, so posts without one are kept. Texts that are not UTF-8 are read as GBK, as nearly
    all published ones are, else as Latin-1. Without the label file all come by number. Raises `UserError`: no
    folder, no `data/` in it.
    """
    root = corpus_folder(params.path)
    data = root / "data"
    if not data.is_dir():
        raise UserError(f"{data}: no such folder; set pairs.path to the folder that holds MVSA's 'data'")
    return _posts(root, data)


def _posts(root: Path, data: Path) -> Iterator[Post | Rejected]:
    files = _files(data)
    with Seen() as seen:
        for item in _listed(root / _LABELS):
            if isinstance(item, Rejected):
                yield item
            elif seen.add(item):
                yield _post(data, item, files)
            else:
                yield Rejected(f"{_LABELS}:{item}", "duplicate_id", "the label file lists it twice")
        for stem in sorted(files.images.keys() | files.texts.keys(), key=_by_number):
            if seen.add(valid_name(stem)):
                yield _post(data, stem, files)
    yield from files.refused


def _listed(labels: Path) -> Iterator[str | Rejected]:
    if not labels.is_file():
        return
    with open_text(labels) as lines:
        for number, line in enumerate(lines, start=1):
            name = line.split("\t")[0].strip()
            if name == "ID" or not line.strip():
                continue
            if re.fullmatch(r"\d{1,18}", name, re.ASCII):
                yield name
            else:
                yield Rejected(f"{_LABELS}:{number}", "malformed_row", "does not start with a number")


def _files(data: Path) -> _Files:
    files = _Files({}, {}, [])
    for path in sorted(path for path in data.iterdir() if path.name[0] != "."):
        source = f"data/{valid_name(path.name)}"
        if not is_image(path) and path.suffix.lower() != ".txt":
            detail = "neither a picture (.jpg) nor a text (.txt)"
            files.refused.append(Rejected(source, "other_file", detail))
            continue
        known, reason = (files.images, "second_picture") if is_image(path) else (files.texts, "second_text")
        if known.setdefault(path.stem, path) != path:
            files.refused.append(Rejected(source, reason, f"{known[path.stem].name} came before"))
    return files


def _by_number(stem: str) -> tuple[int, int, str]:
    return (0, int(stem), stem) if re.fullmatch(r"\d{1,18}", stem, re.ASCII) else (1, 0, stem)


def _post(data: Path, stem: str, files: _Files) -> Post | Rejected:
    image = files.images.get(stem, data / f"{stem}.jpg")
    text = files.texts.get(stem, data / f"{stem}.txt")
    try:
        return Post(valid_name(stem), read_image(image), read_text(text, gbk=True))
    except UnusableError as error:
        return error.rejected(f"data/{valid_name(stem)}")
