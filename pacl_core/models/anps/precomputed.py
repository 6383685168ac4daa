"""Adjective-noun pairs that DeepSentiBank (Chen et al. 2014) found, read from its JSON output.

The network is a Caffe model, so it is run elsewhere and its names and probabilities per image are read here.
Entries are read on demand: a full one has 2,089 names, and a corpus has many images.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pacl_core.errors import UserError
from pacl_core.models.anps.ontologies import phrase

_IDS = ("sample_id", "id", "image")

Lookup = Callable[[str], tuple[list[str], list[float]]]


def read_deepsentibank(path: Path) -> Lookup:
    """A lookup from sample id to phrases and probabilities, best first; empty lists where there is no entry.

    `path` is a folder of `<sample_id>.json`, a JSON object by sample id, or JSON lines (.jsonl) with the id
    under `sample_id`, `id` or `image`. An entry is DeepSentiBank's own `{"bi-concepts": {"happy_dog": 0.9}}`,
    alone or as the one item of a list `images`, or the bare names and probabilities as object or as pairs.
    Raises `UserError` where the path is missing or not of that form; the lookup does so for an entry.
    """
    if path.is_dir():
        if next(path.rglob("*.json"), None) is None:
            raise UserError(f"{path}: no .json file in this folder; expected <sample_id>.json")
        return _lookup(path, lambda sample_id: _file_entry(path / f"{sample_id}.json"))
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder of DeepSentiBank JSON; fix anps.path")
    if path.suffix == ".jsonl":
        offsets = _line_offsets(path)
        return _lookup(path, lambda sample_id: _line_entry(path, offsets.get(sample_id)))
    entries = _parse(path, path.read_bytes())
    if not isinstance(entries, dict):
        raise UserError(f"{path}: expected one JSON object, sample ids as its keys")
    return _lookup(path, entries.get)


def _lookup(path: Path, entry: Callable[[str], Any]) -> Lookup:
    def ranked(sample_id: str) -> tuple[list[str], list[float]]:
        found = entry(sample_id)
        if found is None:
            return [], []
        try:
            pairs = [(phrase(name), float(score)) for name, score in _pairs(found)]
            if any(math.isnan(score) for _, score in pairs):
                raise ValueError("a probability is NaN")
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: entry of '{sample_id}' is not DeepSentiBank's ({error!r})") from None
        pairs.sort(key=lambda pair: -pair[1])
        return [name for name, _ in pairs], [score for _, score in pairs]

    return ranked


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
