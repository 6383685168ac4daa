"""pacl params: keys of params.yaml that may be left out."""

from pathlib import Path
from typing import Annotated

import typer

params = typer.Typer(name="params", help="The params file of a project.", no_args_is_help=True)


@params.callback()
def _params() -> None:
    """The params file of a project."""


@params.command()
def fill(
    file: Annotated[Path, typer.Option(help="The params file to complete.")] = Path("params.yaml"),
) -> None:
    """Write the keys that are left out, with their defaults; what is there stays as it is.

    DVC stops at a key that a stage depends on and the file does not have. 'make repro' runs this first.

    \b
    Examples:
      pacl params fill
      pacl params fill --file presets/mine.yaml
    """
    from pacl_core.doctor.absent_keys import absent_keys, fill
    from pacl_core.errors import UserError
    from pacl_core.methods.params import load

    load(file)
    pipeline = Path("dvc.yaml")
    if not pipeline.is_file():
        raise UserError("dvc.yaml: no such file; run from the project's root")
    absent = absent_keys(file, pipeline)
    if absent:
        fill(file, absent)
        print(f"{file}: filled in {', '.join(absent)}")
