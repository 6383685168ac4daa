"""JSON artefacts: metrics, indices, descriptions. Sorted keys, so that a diff shows what changed."""

import json
from pathlib import Path
from typing import Any

from pacl_core.artefacts.publish import published_file


def write_json(path: Path, value: object) -> None:
    """Publish `value`; a NaN or infinity is refused (ValueError), as JSON has none."""
    with published_file(path) as draft:
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        draft.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Parse a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
