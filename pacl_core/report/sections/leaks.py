"""Test pictures that training has seen, per data set."""

from pathlib import Path
from typing import Any

from pacl_core.artefacts.json_file import read_json


def leaks(root: Path) -> list[dict[str, Any]]:
    """`name, test_items, exact_items, near_items, distance` of each data set that was searched."""
    return [
        {"name": path.stem, **read_json(path)} for path in sorted((root / "metrics/leaks").glob("*.json"))
    ]
