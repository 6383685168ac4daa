"""Test pictures that training has seen, per data set."""

from pathlib import Path
from typing import Any

from pacl_core.artefacts.json_file import read_json


def leaks(root: Path, params: dict[str, Any]) -> list[dict[str, Any]]:
    """`name, test_items, exact_items, near_items, distance` of each data set of `params` that was searched.

    Files of sets that are no longer in params.yaml may still lie there.
    """
    listed = params.get("downstream") or {}
    paths = sorted((root / "metrics/leaks").glob("*.json"))
    return [{"name": path.stem, **read_json(path)} for path in paths if path.stem in listed]
