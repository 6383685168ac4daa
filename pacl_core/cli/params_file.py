"""The params.yaml of the project that a command runs in: read, replaced, and paths as it has them."""

import os
from pathlib import Path

from pacl_core.errors import UserError

PARAMS = Path("params.yaml")


def existing(path: Path) -> Path:
    """The path with ~ expanded. Raises `UserError` where nothing is there."""
    place = path.expanduser()
    if not place.exists():
        raise UserError(f"{place}: nothing there")
    return place


def params_text() -> str:
    """params.yaml as written. Raises `UserError` where there is none, or it is not valid."""
    from pacl_core.methods.params import load

    if not PARAMS.is_file():
        raise UserError(f"{PARAMS}: no such file; 'pacl init <folder>' makes a project, run this in it")
    load(PARAMS)
    return PARAMS.read_text(encoding="utf-8-sig")


def write_params(text: str) -> None:
    """Replace params.yaml, if `text` is valid. Raises `UserError` else."""
    import yaml

    from pacl_core.files.publish import published_file
    from pacl_core.methods.params import Params
    from pacl_core.params.section import validated

    validated(yaml.safe_load(text), Params, str(PARAMS))
    with published_file(PARAMS) as draft:
        draft.write_text(text, encoding="utf-8")


def written_path(path: Path) -> str:
    """The path as params.yaml has it: relative inside the project, absolute outside."""
    whole, here = path.resolve(), Path.cwd().resolve()
    inside = whole.is_relative_to(here)
    return whole.relative_to(here).as_posix() if inside else os.path.normpath(path.absolute())
