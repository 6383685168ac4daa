"""The code that made a piece of work, as one hash: stale work is never resumed by newer code."""

import hashlib
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def code_sha256(*rooms: str) -> str:
    """Hex SHA-256 over the Python files of rooms of pacl_core, for example ("passes", "models")."""
    digest = hashlib.sha256()
    for room in sorted(rooms):
        for file in sorted((_PACKAGE / room).rglob("*.py")):
            digest.update(str(file.relative_to(_PACKAGE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
