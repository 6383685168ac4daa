"""pacl init: a project folder from the installed package."""

from pathlib import Path
from typing import Annotated

import typer

from pacl_core.errors import UserError

INSTALLED = Path("data/code")
_READY = f"""\
  ready:
    desc: Keys left out of params.yaml, inputs that DVC cannot hash, which code is installed; runs every time
    cmd: python -m stages.ready
    always_changed: true
    outs:
    - {INSTALLED.as_posix()}:
        cache: false
        persist: true
"""
_PARAMS = Path("params.yaml")
_PIPELINE = Path("dvc.yaml")


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the project; made if it is not there.")],
    preset: Annotated[
        str | None, typer.Option(help="Start from presets/NAME.yaml instead of the embedded default.")
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Bring stages/ and dvc.yaml of a project to the installed version."),
    ] = False,
) -> None:
    """Make a project: params.yaml, dvc.yaml, stages/, records of data sets; git and DVC are initialised.

    'dvc repro' in the folder runs it. Files that are there already are never replaced; --update replaces
    dvc.yaml and stages/, which belong to the version, so commit first.

    \b
    Examples:
      pacl init myproject
      pacl init photos --preset mvsa-oasis
      pacl init . --update
    """
    from pacl_core.project.create import create
    from pacl_core.project.create import update as bring_up
    from pacl_core.project.template import preset as named
    from pacl_core.project.template import project_files, template

    if update and preset is not None:
        raise UserError("--update keeps params.yaml, so it takes no --preset")
    root = template()
    params = root / _PARAMS if preset is None else named(root, preset)
    files = {path: (root / path).read_bytes() for path in project_files(root)}
    files[_PIPELINE] = _pipeline((root / _PIPELINE).read_text(encoding="utf-8"))
    files[_PARAMS] = params.read_bytes()
    if update:
        changed = bring_up(folder, files)
        print(f"{folder}: {', '.join(changed) or 'up to date'}")
        return
    written = create(folder, files)
    made = "".join(f", {one} initialised" for one in written.initialised)
    print(f"{folder}: {written.files} files{made}")
    print(f"next: cd {folder}, then 'pacl corpus add <folder of posts>' for your own, then 'dvc repro'")


def _pipeline(text: str) -> bytes:
    """dvc.yaml for a project outside the clone, where code is that of the installed package."""
    from pacl_core.project.installed_code import with_hashes

    return with_hashes(text, INSTALLED, _READY).encode()
