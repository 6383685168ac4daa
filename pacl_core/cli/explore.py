"""pacl explore: all pairs in a browser."""

from pathlib import Path
from typing import Annotated

import typer


def explore(
    root: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8765,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = False,
) -> None:
    """Browse all pairs in a browser, on this machine alone.

    Filter by partition, values, pseudo-labels, provenance and words; sort; open a pair. Nothing is written
    and nothing is fetched from elsewhere. Needs pip install 'pacl[explore]'.

    \b
    Examples:
      pacl explore
      pacl explore --port 9000 --open
    """
    from pacl_core.explorer.page import serve

    serve(root, port, show)
