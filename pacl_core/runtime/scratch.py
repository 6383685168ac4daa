"""Scratch: finished pieces of a stage's work, so that a killed run continues where it stopped.

DVC deletes a stage's outs before its command starts, so pieces live outside the outs, under
`.pacl/scratch/<stage>/<key>`, where the key hashes inputs, parameters and code: a change of any
starts afresh.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pacl_core.files.hashing import value_sha256
from pacl_core.files.publish import naming

SCRATCH_ROOT = Path(".pacl/scratch")


@contextmanager
def scratch(stage: str, key: object, root: Path = SCRATCH_ROOT) -> Iterator[Path]:
    """Yield the stage's scratch folder for `key` (a JSON value); kept on an error, removed on success.

    Folders of other keys are removed at once: their work is stale.
    """
    folder = root / stage / value_sha256(key)[:20]
    if folder.parent.is_dir():
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with naming(folder):
        yield folder
    shutil.rmtree(folder.parent, ignore_errors=True)
