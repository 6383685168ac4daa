"""Inputs that stop DVC, which hashes all files of theirs before a stage begins."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from pacl_core.doctor.finding import Finding
from pacl_core.media.unhashable import unhashable

FIRST = 5
_FIX = "DVC cannot hash it: delete or rename it, or move it out of the folder"


def hashing(inputs: Mapping[str, str]) -> list[Finding]:
    """The first entries that stop DVC at each input's path; `inputs` by the key that names it."""
    return [
        Finding(key, "stops", f"{path}: {what}", _FIX)
        for key, place in inputs.items()
        for path, what in islice(unhashable(Path(place)), FIRST)
    ]
