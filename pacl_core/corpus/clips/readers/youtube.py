"""The published pre-training corpus: a folder per video, with frames, boxes and a transcript.

`<root>/<video id>/` holds `frames.hdf5`, `frames/` or the video; `human_boxes.json`, if there are boxes; and
`transcript_cleaned.json`: `[{text, start, end, duration}]`, in seconds. (Zhang, Pan, Wang, CVPR 2023.)
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.file_pairs import corpus_folder
from pacl_core.media.image_tree import listing, name_in
from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.text_decoding import decode_text
from pacl_core.media.video import SUFFIXES
from pacl_core.params.clips import ClipsParams

_MAX_BYTES = 1 << 28  # of a transcript


def read(params: ClipsParams) -> Iterator[Clip | Rejected]:
    """Clips by video id, then as the transcript has them; ids like "<video id>-00012", from 0.

    Raises `UserError` where there is no such folder.
    """
    root = corpus_folder(params.path, "clips")
    for path, is_folder in listing(root):
        if is_folder:
            yield from _of_video(path)
        else:
            yield Rejected(name_in(root, path), "other_file", "not the folder of a video")


def _of_video(folder: Path) -> Iterator[Clip | Rejected]:
    try:
        source = Source(folder.name, str(_frames(folder)), _boxes(folder))
        lines = _transcript(folder / "transcript_cleaned.json")
    except UnusableError as error:
        yield error.rejected(folder.name)
        return
    for number, line in enumerate(lines):
        sample_id = f"{folder.name}-{number:05d}"
        try:
            yield Clip(sample_id, source, *_fields(line))
        except UnusableError as error:
            yield error.rejected(sample_id)


def _frames(folder: Path) -> Path:
    for name in ("frames.hdf5", "frames"):
        if (folder / name).exists():
            return folder / name
    try:
        videos = [path for path, is_folder in listing(folder) if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise UnusableError("unreadable", error.strerror or str(error)) from None
    if not videos:
        raise UnusableError("missing_video", "neither frames.hdf5, nor frames/, nor a video")
    return videos[0]


def _boxes(folder: Path) -> str:
    boxes = folder / "human_boxes.json"
    return str(boxes) if boxes.exists() else ""


def _transcript(path: Path) -> list[Any]:
    data = read_regular(path, _MAX_BYTES, "missing_text", too_large="text_too_large")
    try:
        lines = json.loads(decode_text(data))
    except (ValueError, RecursionError) as error:
        raise UnusableError("bad_transcript", f"{path.name}: not JSON ({error})") from None
    if not isinstance(lines, list):
        raise UnusableError("bad_transcript", f"{path.name}: not a list")
    return lines


def _fields(line: Any) -> tuple[float, float, str]:
    """Start, end, text."""
    if not isinstance(line, dict) or not isinstance(line.get("text"), str):
        raise UnusableError("malformed_row", "not an object with a text")
    start = _seconds(line.get("start"))
    end = line.get("end")
    return start, start + _seconds(line.get("duration")) if end is None else _seconds(end), line["text"]


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableError("not_a_time", f"{value!r} is no number of seconds")
    try:
        return float(value)
    except OverflowError:
        raise UnusableError("not_a_time", "a number beyond all floats") from None
