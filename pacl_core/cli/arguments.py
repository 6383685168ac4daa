"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Images = Annotated[
    list[Path],
    typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.", show_default=False),
]
Model = Annotated[Path, typer.Option("--model", "-m", help="Folder of a saved model.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]

MODEL = Path("models/pacl")
