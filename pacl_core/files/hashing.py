"""Content hashes of files, folders and values. By the standard library alone, as every stage imports it."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def value_sha256(value: object) -> str:
    """Hex SHA-256 of a JSON value, key order aside."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def marks_sha256(paths: Iterable[Path]) -> str:
    """Hex SHA-256 over name, size and times of every file at or under `paths`, whose bytes are not read.

    For inputs too large to be read twice. Any write changes the hash, as ctime cannot be set back; a copy
    does too.
    """
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(path):
            state = file.stat()
            mark = (os.fspath(file), state.st_size, state.st_mtime_ns, state.st_ctime_ns)
            digest.update(repr(mark).encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    found = [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sorted(file for file in found if file.exists())
