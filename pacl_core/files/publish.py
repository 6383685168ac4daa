"""Publishing: work on a hidden neighbour, put it on the disk, then rename.

At every moment, even after a kill or a power cut, `target` is the old artefact, the new one, or (a folder,
for an instant) absent; never a part of either. The leftovers of a killed run, `.<name>.draft` and
`.<name>.replaced.draft`, are removed when the same target is published again.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def published_file(target: Path) -> Iterator[Path]:
    """Yield a path to write; on success it becomes `target`, on an error it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(target)
    draft.unlink(missing_ok=True)
    try:
        with naming(target):
            yield draft
            sync(draft)
            draft.replace(target)
            sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def published_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on success it replaces `target`, on an error it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(target)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        with naming(target):
            yield draft
            publish_folder(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def publish_folder(made: Path, target: Path) -> None:
    """Move a finished folder to `target`, replacing what is there; copied if it is on another mount."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _replace(made, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with published_folder(target) as draft:
            shutil.copytree(made, draft, dirs_exist_ok=True)
        shutil.rmtree(made)


def _replace(made: Path, target: Path) -> None:
    for path in [made, *made.rglob("*")]:
        sync(path)
    # moved aside first: removed in place, it would be half an artefact under its own name for a while
    replaced = target.with_name(f".{target.name}.replaced.draft")
    shutil.rmtree(replaced, ignore_errors=True)
    try:
        if target.exists():
            target.replace(replaced)
        made.replace(target)
        sync(target.parent)
    finally:
        if replaced.exists() and not target.exists():
            replaced.replace(target)
        shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """If the disk is full, the OSError names `target`; the system's own error names no file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno not in _NO_ROOM:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(target)) from None
    except Exception as error:  # libraries in Rust have exceptions of their own
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from None


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's names, to disk; without it a power cut may leave an empty file."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
            raise
    finally:
        os.close(opened)


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name}.draft")
