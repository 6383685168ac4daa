"""pacl explore: all pairs in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from pacl_core.errors import UserError
from pacl_core.extras import install


def explore(
    root: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8765,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = False,
) -> None:
    """Browse all pairs in a browser, on this machine only.

    Those nearest to a threshold come first. Filter by partition, scores, pseudo-labels, provenance, tags and
    words; sort; open a pair (arrow keys turn to the next); see its neighbours; tag it; download the selection
    as CSV, parquet, or images and labels for FiftyOne. Tags are kept in .pacl/tags.json, nothing else is
    written, and nothing is loaded from the network. Needs the extra 'explore'.

    \b
    Examples:
      pacl explore
      pacl explore --port 9000 --open
    """
    try:
        from pacl_core.explorer.page import serve
    except ModuleNotFoundError:
        raise UserError(f"the explorer needs nicegui; {install('explore')}") from None
    from pacl_core.explorer.pairs import Tables

    tables = Tables(
        partition=root / "data/partition.parquet",
        pairs=root / "data/pairs",
        pseudo_labels=root / "data/pseudo_labels.parquet",
        metrics=root / "metrics/partition.json",
        embeddings={"image": root / "data/embeddings/image", "text": root / "data/embeddings/text"},
        report=root / "report/index.html",
        tags=root / ".pacl/tags.json",
        name=_name(root),
    )
    serve(tables, port, show)


def _name(root: Path) -> str:
    """The project's folder, and its model where there is one: the report names the same weights."""
    from pacl_core.files.json_csv import read_json

    card = root / "models/pacl/model.json"
    weights = read_json(card).get("files", {}).get("backbone.safetensors") if card.is_file() else None
    name = root.resolve().name
    return f"{name}, weights {weights[:10]}" if weights else name
