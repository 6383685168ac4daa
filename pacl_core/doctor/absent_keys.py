"""Keys that DVC asks for and a params file leaves out: DVC stops at one, whatever its default."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pacl_core.files.publish import published_file
from pacl_core.methods.params import load
from pacl_core.params.editing import with_value


def absent_keys(params: Path, pipeline: Path) -> list[str]:
    """Keys such as "train.clip_norm" that stages of a dvc.yaml depend on and `params` does not have.

    Of a section that is missing as a whole, its own key alone. Keys of named entries are not asked for by
    themselves: DVC takes each entry as it is.
    """
    tree = yaml.safe_load(params.read_bytes())
    stages = yaml.safe_load(pipeline.read_bytes())["stages"].values()
    asked = {key for stage in stages for key in _asked(stage)}
    return sorted({absent for key in asked if (absent := _first_absent(tree, key)) is not None})


def fill(params: Path, keys: Sequence[str]) -> None:
    """Write `keys` with their defaults at the ends of their sections; all else stays to the letter.

    Raises `UserError` where the file is not valid.
    """
    defaults = load(params).model_dump(mode="json", by_alias=True)
    text = params.read_text(encoding="utf-8-sig")
    for key in keys:
        own: Any = defaults
        for part in key.split("."):
            own = own[part]
        text = with_value(text, key, own)
    with published_file(params) as draft:
        draft.write_text(text, encoding="utf-8")


def _asked(stage: Mapping[str, Any]) -> Iterator[str]:
    """Keys of the stage, and the sections and lists that it iterates over."""
    for over in (stage.get("foreach"), *stage.get("matrix", {}).values()):
        if isinstance(over, str):
            yield over.removeprefix("${").removesuffix("}")
    for entry in stage.get("do", stage).get("params", []):
        if isinstance(entry, str) and "${" not in entry:
            yield entry


def _first_absent(tree: Any, key: str) -> str | None:
    """The shortest beginning of `key` that is not in `tree`."""
    parts = key.split(".")
    for place, part in enumerate(parts):
        if not isinstance(tree, dict) or part not in tree:
            return ".".join(parts[: place + 1])
        tree = tree[part]
    return None
