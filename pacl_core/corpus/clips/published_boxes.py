"""`human_boxes.json` of the published corpus: boxes by the names of frames, in letterboxed 640 pixels."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from pacl_core.media.boxes import Box, Size, from_letterbox, read_boxes
from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import UnusableError

_MAX_BYTES = 1 << 30


class PublishedBoxes:
    """The boxes of one video's frames, `fps` a second, read when they are first wanted.

    The file is a list of objects with one key, `{"00000012.jpg": [[x1, y1, x2, y2, score], ...]}`.
    """

    def __init__(self, path: Path, fps: int) -> None:
        self._path, self._fps = path, fps

    def at(self, time: float, size: Size) -> list[Box]:
        """Boxes of the frame of a time, in its own pixels, which are `size`; none where none are listed.

        Raises `UnusableError`: missing_boxes, bad_boxes, too_large, not_a_file, unreadable.
        """
        name = f"{int(time * self._fps + 0.01) + 1:08d}"
        try:
            return [from_letterbox(box, size) for box in read_boxes(self._by_frame.get(name, []))]
        except ValueError as error:
            raise UnusableError("bad_boxes", f"{self._path.name}, {name}: {error}") from None

    @cached_property
    def _by_frame(self) -> dict[str, Any]:
        data = read_regular(self._path, _MAX_BYTES, "missing_boxes", too_large="too_large")
        try:
            listed = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnusableError("bad_boxes", f"{self._path.name}: not JSON ({error})") from None
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise UnusableError("bad_boxes", f"{self._path.name}: not a list of objects")
        return {name.rpartition(".")[0]: boxes for one in listed for name, boxes in one.items()}
