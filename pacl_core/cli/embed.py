"""pacl embed: vectors of images as .npy or parquet."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pacl_core.cli.arguments import MODEL, Images, Model


class Space(StrEnum):
    """Which vectors."""

    features = "features"
    joint = "joint"
    both = "both"


def embed(
    images: Images,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .npy or .parquet.")],
    space: Annotated[
        Space, typer.Option(help="Pooled features, unit vectors of the space shared with texts, or both.")
    ] = Space.features,
    *,
    model: Model = MODEL,
) -> None:
    """Vectors of images as .npy or parquet.

    Images keep the order of the arguments; those of a folder come in name order.

    A .npy file holds float32 [N, D]; <name>.paths.txt next to it lists the N paths, one per line. A .parquet
    file has a column 'path' and one per space. Memory holds one batch. A file that is not a usable image is
    left out and named with the reason; the others are written, and the exit code is 1.

    \b
    Examples:
      pacl embed images/ -o vectors.npy
      pacl embed images/*.jpg -o vectors.parquet --space both
    """
    from pacl_core.inference.images import batches, image_files
    from pacl_core.inference.model import load_saved_model
    from pacl_core.inference.vector_files import vector_writer
    from pacl_core.runtime.progress import Progress
    from pacl_core.runtime.settings import runtime

    spaces = ("features", "joint") if space is Space.both else (space.value,)
    with vector_writer(out, spaces) as write, Progress("images", None) as progress:
        files = image_files(images)
        loaded = load_saved_model(model)
        failed = 0
        for batch in batches(files, loaded.preprocess, loaded.batch, workers=runtime().workers):
            for path, error in batch.files:
                if error is not None:
                    failed += 1
                    print(f"pacl: {path}: {error}", file=sys.stderr)
            if batch.pixels is not None:
                features = loaded.features(batch.pixels)
                both = {"features": features} | (
                    {"joint": loaded.joint(features)} if "joint" in spaces else {}
                )
                write(batch.paths, both)
            progress.add(len(batch.paths))
    if failed:
        raise typer.Exit(1)
