"""Adjective-noun pairs that DeepSentiBank (Chen et al. 2014) found, read from its JSON output.

The network is a Caffe model; whoever can run it brings its names and probabilities per image. Entries are
read when they are asked for: a full one has 2,089 names, and a corpus has many images.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pacl_core.errors import UserError
from pacl_core.models.anps.ontologies import phrase

_IDS = ("sample_id", "id", "image")


@dataclass
class PrecomputedAnps:
    """Lookup by sample id. `missing` counts the images without an entry that were asked for."""

    path: Path
    entry: Callable[[str], Any]
    missing: int = 0

    def best(self, sample_id: str, top: int) -> tuple[list[str], list[float]]:
        """The `top` phrases of highest probability, best first; empty lists for an image without an entry.

        Raises `UserError` where the entry is not one of DeepSentiBank's.
        """
        found = self.entry(sample_id)
        if found is None:
            self.missing += 1
            return [], []
        try:
            pairs = [(phrase(name), float(score)) for name, score in _pairs(found)]
            if any(math.isnan(score) for _, score in pairs):
                raise ValueError("a probability is NaN")
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise UserError(
                f"{self.path}: entry of '{sample_id}' is not DeepSentiBank's ({error!r})"
            ) from None
        pairs.sort(key=lambda pair: -pair[1])
        return [name for name, _ in pairs[:top]], [score for _, score in pairs[:top]]


def read_deepsentibank(path: Path) -> PrecomputedAnps:
    """Open a folder of `<sample_id>.json`, a JSON object by sample id, or JSON lines (.jsonl) with ids.

    An entry is DeepSentiBank's own `{"bi-concepts": {"happy_dog": 0.9, ...}}`, alone or as the one item of a
    list `images`, or the bare names and probabilities as object or as pairs. In JSON lines the id is under
    `sample_id`, `id` or `image`. Raises `UserError` where the path is missing or not of that form.
    """
    if path.is_dir():
        if next(path.rglob("*.json"), None) is None:
            raise UserError(f"{path}: no .json file in this folder; expected <sample_id>.json")
        return PrecomputedAnps(path, lambda sample_id: _file_entry(path / f"{sample_id}.json"))
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder of DeepSentiBank JSON; mend anps.path")
    if path.suffix == ".jsonl":
        offsets = _line_offsets(path)
        return PrecomputedAnps(path, lambda sample_id: _line_entry(path, offsets.get(sample_id)))
    entries = _parse(path, path.read_bytes())
    if not isinstance(entries, dict):
        raise UserError(f"{path}: expected one JSON object, sample ids as its keys")
    return PrecomputedAnps(path, entries.get)


def _pairs(entry: Any) -> list[tuple[str, Any]]:
    if isinstance(entry, dict) and "images" in entry:
        (entry,) = entry["images"]
    if isinstance(entry, dict) and "bi-concepts" in entry:
        entry = entry["bi-concepts"]
    if isinstance(entry, dict):
        return [(name, score) for name, score in entry.items() if name not in _IDS]
    return [(name, score) for name, score in entry]


def _file_entry(path: Path) -> Any:
    return _parse(path, path.read_bytes()) if path.is_file() else None


def _line_offsets(path: Path) -> dict[str, int]:
    offsets: dict[str, int] = {}
    offset = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                entry = _parse(Path(f"{path}:{number}"), line)
                name = (
                    next((entry[key] for key in _IDS if key in entry), None)
                    if isinstance(entry, dict)
                    else None
                )
                if name is None:
                    raise UserError(f"{path}:{number}: expected an object with one of {', '.join(_IDS)}")
                offsets[str(name)] = offset
            offset += len(line)
    return offsets


def _line_entry(path: Path, offset: int | None) -> Any:
    if offset is None:
        return None
    with path.open("rb") as lines:
        lines.seek(offset)
        return json.loads(lines.readline())


def _parse(place: Path, text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UserError(f"{place}: not valid JSON ({error})") from None
