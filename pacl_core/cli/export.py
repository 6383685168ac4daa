"""pacl export: a saved model in other formats."""

from pathlib import Path
from typing import Annotated

import typer

from pacl_core.cli.arguments import MODEL, Model, Using, check_suffix, input_files, with_records

export = typer.Typer(name="export", help="Write a saved model in other formats.", no_args_is_help=True)


@export.command()
@with_records
def onnx(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="File to write.")],
    check: Annotated[
        list[Path] | None,
        typer.Option(help="Images or folders for the check.", show_default="pairs of data/pairs"),
    ] = None,
    *,
    using: Using,
) -> None:
    """One ONNX file: uint8 pixels in, features (and joint vectors) out, any batch size.

    A model of clips takes the frames of a clip and a mask of who is meant, and gives the vector of the clip
    and of each frame. Text towers are not exported.

    Before the file is written, outputs of onnxruntime and of the network, which runs on --device, are
    compared on up to 16 images, to 1e-4. Needs the extra 'export'.

    \b
    Examples:
      pacl export onnx -o pacl.onnx
      pacl export onnx -m models/talks_sap -o clips.onnx --check images/
    """
    check_suffix(out, (".onnx",))
    using.check_model()
    images = input_files(check) if check else []

    from pacl_core.inference.export.onnx import export_onnx
    from pacl_core.inference.images import check_pixels

    machine = using.machine()
    pixels = check_pixels(using.model, images)[: machine.batch]
    done = export_onnx(using.model, out, pixels, device=machine.device)
    print(f"{out}: {', '.join(done.outputs)}; {done.images} images within {done.difference:.1e}")


@export.command()
def hf(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder to write.")],
    model: Model = MODEL,
) -> None:
    """A folder for the Hugging Face Hub: weights, configuration, and a model card filled from the run.

    Backbones of timm and open_clip load in their library ('local-dir:FOLDER', or 'hf-hub:...' once it is on
    the hub); of a model of clips open_clip loads the CLIP, without its temporal head. pacl_core.load loads
    all. Results in the card come from metrics/ of the model's project; those that are missing are left out.

    \b
    Example:
      pacl export hf -o hub/my-backbone
    """
    Using(model).check_model()

    from pacl_core.inference.export.hugging_face import export_hugging_face

    for name in export_hugging_face(model, out):
        print(out / name)
