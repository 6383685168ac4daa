"""MVSA-Single and -Multiple (Niu et al. 2016): `data/<id>.jpg`, `data/<id>.txt`, `labelResultAll.txt`."""

import re
from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.file_pairs import corpus_folder, read_post
from pacl_core.corpus.posts import Post
from pacl_core.errors import UserError
from pacl_core.files.seen_ids import Seen
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.media.text_decoding import open_text
from pacl_core.params.pairs import PairsParams

_LABELS = "labelResultAll.txt"


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts whose ids the label file lists, in its order, then those of `data/` that it lacks, by number.

    Labels are not read, and posts without one count: none is needed here.
    Without the label file all come by number. Raises `UserError`: no folder, no `data/` in it.
    """
    root = corpus_folder(params.path)
    data = root / "data"
    if not data.is_dir():
        raise UserError(f"{data}: no such folder; set pairs.path to the folder that holds MVSA's 'data'")
    return _posts(root, data)


def _posts(root: Path, data: Path) -> Iterator[Post | Rejected]:
    stems, others = _stems(data)
    with Seen() as seen:
        for item in _listed(root / _LABELS):
            if isinstance(item, Rejected):
                yield item
            elif seen.add(item):
                yield _post(data, item)
            else:
                yield Rejected(f"{_LABELS}:{item}", "duplicate_id", "the label file lists it twice")
        for stem in sorted(stems, key=_by_number):
            if seen.add(valid_name(stem)):
                yield _post(data, stem)
    for name in others:
        yield Rejected(f"data/{valid_name(name)}", "other_file", "neither a picture (.jpg) nor a text (.txt)")


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


def _stems(data: Path) -> tuple[set[str], list[str]]:
    stems, others = set(), []
    for path in sorted(path for path in data.iterdir() if path.name[0] != "."):
        if path.suffix.lower() in (".jpg", ".txt"):
            stems.add(path.stem)
        else:
            others.append(path.name)
    return stems, others


def _by_number(stem: str) -> tuple[int, int, str]:
    return (0, int(stem), stem) if re.fullmatch(r"\d{1,18}", stem, re.ASCII) else (1, 0, stem)


def _post(data: Path, stem: str) -> Post | Rejected:
    try:
        return read_post(valid_name(stem), data / f"{stem}.jpg", data / f"{stem}.txt")
    except UnusableError as error:
        return error.rejected(f"data/{valid_name(stem)}")
