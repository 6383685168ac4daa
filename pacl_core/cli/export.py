"""pacl export: a saved model in other formats."""

from pathlib import Path
from typing import Annotated

import typer

export = typer.Typer(name="export", help="Write a saved model in other formats.", no_args_is_help=True)

Saved = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a saved model.")]


@export.command()
def onnx(
    model: Saved,
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="File to write.")],
    check: Annotated[
        list[Path] | None,
        typer.Option(help="Images or folders for the check.", show_default="pairs of data/pairs"),
    ] = None,
) -> None:
    """One ONNX file: uint8 pixels in, features (and joint vectors) out, any batch size.

    Before the file is written, outputs of onnxruntime and of the network are compared on images, to 1e-4.
    Needs pip install 'pacl[export]'.

    \b
    Examples:
      pacl export onnx models/pacl pacl.onnx
      pacl export onnx models/pacl pacl.onnx --check images/
    """
    from pacl_core.inference.export.onnx import export_onnx
    from pacl_core.inference.images import check_pixels

    done = export_onnx(model, out, check_pixels(model, check or []))
    print(f"{out}: {', '.join(done.outputs)}; {done.images} images within {done.difference:.1e}")


@export.command()
def hf(
    model: Saved,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write.")],
) -> None:
    """A folder for the Hugging Face Hub: weights, configuration, and a model card filled from the run.

    timm and open_clip load it ('local-dir:FOLDER', or 'hf-hub:...' once it is on the hub), and so does
    pacl_core.load. Results in the card come from metrics/ of the model's project; those that are missing
    are left out.

    \b
    Example:
      pacl export hf models/pacl hub/my-backbone
    """
    from pacl_core.inference.export.hugging_face import export_hugging_face

    for name in export_hugging_face(model, folder):
        print(folder / name)
