"""What a person names, checked before torch is loaded: inputs, the folder of a model, classes, boxes."""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from pacl_core.errors import UserError

log = logging.getLogger("pacl")

# Mikels et al. (2005): the eight emotions of FI, which most work on images uses
EMOTIONS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")
PROMPTS = ("A photo with [C] emotion.", "The photo makes me feel so [C]!")  # paper 4.5.2
CLASS = "[C]"  # where a prompt names the class

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom of a box, in pixels of an image or video as shown: upright, before any scaling."""


class Cut(NamedTuple):
    """Which spans of a video are taken, in seconds: `start` to `end` whole, or every `every` seconds of it.

    `boxes`: around the person who is meant, in the pixels of the video as shown; they hold for all frames.
    """

    start: float | None = None
    end: float | None = None
    every: float | None = None
    boxes: tuple[Edges, ...] = ()


def is_video(path: str | PathLike[str]) -> bool:
    """Whether a file is a video by its name."""
    from pacl_core.media.video import SUFFIXES

    return Path(path).suffix.lower() in SUFFIXES


def media_files(given: Iterable[Path]) -> list[Path]:
    """Files as given; for a folder, every file below it with the suffix of an image or a video, in name
    order. Hidden entries and links to folders are skipped, and with a warning what cannot be read.

    Raises `UserError` for a folder without any.
    """
    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
        elif below := sorted(_media_below(path)):
            found += below
        else:
            raise UserError(f"{path}: no image or video in this folder")
    return found


def _media_below(folder: Path) -> Iterator[Path]:
    from pacl_core.media.image_tree import is_image, walk
    from pacl_core.media.rejects import Rejected

    for files in walk(folder):
        if not isinstance(files, Rejected):
            yield from (file for file in files if (is_image(file) or is_video(file)) and _is_file(file))
        elif files.reason == "unreadable":
            log.warning("%s: left out, %s", folder / files.source, files.detail)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # the folder may change while it is read
        log.warning("%s: left out, %s", path, error.strerror or error)
        return False


def installed_version() -> str:
    """The package's version, "unknown" of a checkout that is only on the path."""
    try:
        return version("pacl")
    except PackageNotFoundError:
        return "unknown"


def check_model(folder: Path) -> None:
    """Raise `UserError` where a folder holds no saved model, with the names of those next to it."""
    if (folder / "model.json").is_file():
        return
    near = sorted(str(one.parent) for one in folder.resolve().parent.glob("*/model.json"))
    names = [str(folder.parent / Path(one).name) for one in near]
    there = f"; there are {', '.join(names[:5])}" if names else ""
    raise UserError(f"no model in {folder}; give the folder of a saved model{there}")


def check_classes(labels: Sequence[str], prompts: Sequence[str] | None = None) -> None:
    """Raise `UserError` for fewer than two different labels, or a prompt without a place for one."""
    if len(set(labels)) < 2 or len(set(labels)) < len(labels):
        raise UserError(f"labels: at least two different ones, not {list(labels)}")
    if prompts is not None and (not prompts or any(CLASS not in prompt for prompt in prompts)):
        raise UserError(f"prompts: every one must hold {CLASS} where the label goes, not {list(prompts)}")


def heads_folder(model: Path) -> Path:
    """Where the heads of a saved model are: `models/pacl.heads`."""
    return model.parent / f"{model.resolve().name}.heads"


def read_box(text: str) -> Edges:
    """`left,top,right,bottom`. Raises `ValueError` for anything else, and a box without an area."""
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"'{text}' is not left,top,right,bottom in pixels") from None
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"'{text}' holds a number that is not finite")
    if left >= right or top >= bottom:
        raise ValueError(f"'{text}' has no area: right must be above left, and bottom above top")
    return left, top, right, bottom
