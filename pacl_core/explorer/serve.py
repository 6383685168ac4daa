"""The explorer as a local server: on loopback, read-only."""

import socket
from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.explorer.pairs import open_pairs

HOST = "127.0.0.1"


def serve(root: Path, port: int, show: bool) -> None:
    """Serve the pairs of the project at `root` until interrupted; `show` opens a browser.

    Raises `UserError` where NiceGUI is missing, artefacts are, or the port is taken.
    """
    try:
        from nicegui import app, ui
        from starlette.middleware.trustedhost import TrustedHostMiddleware
    except ImportError:
        raise UserError("the explorer needs nicegui; pip install 'pacl[explore]'") from None
    from pacl_core.explorer.page import build

    pairs = open_pairs(root)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(f"port {port} is taken; choose another with --port") from None
    build(pairs)
    # a page of elsewhere that has its name point here gets no answer
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    print(f"{pairs.count:,} pairs at http://{HOST}:{port}  (Ctrl-C ends)", flush=True)
    ui.run(host=HOST, port=port, title="Pairs", show=show, reload=False, show_welcome_message=False)
