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

    Filter by partition, scores, pseudo-labels, provenance and words; sort; open a pair. Writes nothing and
    loads nothing from the network. Needs the extra 'explore'.

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
    )
    serve(tables, port, show)
