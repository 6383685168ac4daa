"""pacl embed: vectors of images and videos as .npy or .parquet."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pacl_core.cli.arguments import Inputs, Using, Videos, check_suffix, input_files, with_records


class Space(StrEnum):
    """Which vectors."""

    features = "features"
    joint = "joint"
    both = "both"


@with_records
def embed(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .npy or .parquet.")],
    space: Annotated[
        Space, typer.Option(help="Features, unit vectors of the space shared with texts, or both.")
    ] = Space.features,
    *,
    videos: Videos,
    using: Using,
) -> None:
    """Vectors of images and videos as .npy or parquet.

    Inputs keep the order of the arguments; those of a folder come in name order. Of a video, or of each span
    of --every seconds, a model of clips joins as many frames as it was trained with; of another model it is
    the mean of 8. Videos need the extra 'video'.

    A .npy file holds float32 [N, D]; <name>.paths.txt next to it lists the N paths, one per line, those of
    spans as clip.mp4#t=0,2. A .parquet file has a column 'path', 'start' and 'end' if there are videos, and
    one per space. Memory holds one batch. A file that cannot be used is left out and named with the reason;
    the others are written, and the exit code is 1.

    \b
    Examples:
      pacl embed images/ -o vectors.npy
      pacl embed images/*.jpg -o vectors.parquet --space both
      pacl embed clip.mp4 -m models/talks_sap --every 2 --box 40,0,200,180 -o spans.parquet
      find . -name '*.jpg' | pacl embed - -o vectors.npy
    """
    from pacl_core.inference.given import is_video

    cut = videos.cut()
    check_suffix(out, (".npy", ".parquet"))
    using.check_model()
    files = input_files(inputs)

    from pacl_core.inference.batches import batches
    from pacl_core.inference.model import load_saved_model
    from pacl_core.inference.vector_files import vector_writer
    from pacl_core.runtime.progress import Progress

    spaces = ("features", "joint") if space is Space.both else (space.value,)
    timed = any(map(is_video, files))
    with vector_writer(out, spaces, timed=timed) as write:
        machine = using.machine()
        loaded = load_saved_model(using.model, machine.device, machine.batch)
        loaded.check_boxes(cut.boxes)
        count = failed = 0
        found = batches(
            files,
            lambda path: loaded.read(path, cut),
            batch=machine.batch,
            frames=loaded.taking.frames,
            workers=machine.workers,
        )
        with Progress("vectors", None if cut.every else len(files)) as progress:
            for rows in found:
                for row in rows:
                    if row.error is not None:
                        failed += 1
                        print(f"pacl: {row.path}: {row.error}", file=sys.stderr)
                good = [row for row in rows if row.error is None]
                if good:
                    features = loaded.encode([row.made for row in good])  # type: ignore[misc]
                    vectors = {"features": features}
                    if "joint" in spaces:
                        vectors["joint"] = loaded.joint(features)
                    write([(row.path, row.span) for row in good], vectors)
                    count += len(good)
                progress.add(len(rows))
    sizes = " and ".join(str(vectors[one].shape[1]) for one in spaces)
    print(f"{out}  {count} x {sizes}{f', {failed} left out' if failed else ''}")
    if failed:
        raise typer.Exit(1)
