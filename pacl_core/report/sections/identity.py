"""Which run this is: the parameters that differ from the default, the weights, where its commit is found.

From inputs of the page alone: a date or a commit would make each build of it another.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pacl_core.report.reading import Evaluated, optional_json
from pacl_core.report.sections.run import lookup

# the committed params.yaml by dotted key, written by scripts/reference
_DEFAULT = Path(__file__).parents[1] / "templates/default_params.tsv"
NOT_SET = "not set"


def identity(artefacts: Evaluated, params: dict[str, Any], params_text: str) -> dict[str, Any]:
    """`changed`: (key, value, default); of the last model its `folder`, the sha256 of its `weights`, `torch`;
    `blob`: the id that git gives params.yaml."""
    folder = artefacts.models[-1] if artefacts.models else Path()
    card = optional_json(folder / "model.json") or {}
    return {
        "changed": changed(params),
        "folder": f"models/{folder.name}",
        "weights": (card.get("files") or {}).get("backbone.safetensors"),
        "torch": (card.get("training") or {}).get("torch"),
        "blob": _blob(params_text),
    }


def changed(params: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The keys of a run whose values differ from the default, with both; keys left out are not among them."""
    default = dict(line.split("\t", 1) for line in _DEFAULT.read_text(encoding="utf-8").splitlines())
    return [
        (key, said(value), said(json.loads(default[key])) if key in default else NOT_SET)
        for key, value in flat(params)
        if json.dumps(value, default=str) != default.get(key)
    ]


def flat(tree: dict[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested sections; a section without keys is a value."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{start}{key}.")
        else:
            yield f"{start}{key}", value


def said(value: Any) -> str:
    """A value as params.yaml would say it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def corpus_name(artefacts: Evaluated, params: dict[str, Any]) -> str | None:
    """The corpus in a few words: the name of its file or folder, and the number of pairs."""
    path = lookup(params, "pairs.path") or lookup(params, "pairs.manifest.file")
    name = PurePosixPath(str(path)).stem if path else lookup(params, "pairs.reader")
    corpus = optional_json(artefacts.metrics / "pairs.json")
    said = [str(name)] if name else []
    return ", ".join([*said, f"{corpus['pairs']:,} pairs"] if corpus else said) or None


def _blob(text: str) -> str:
    data = text.encode("utf-8")
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
