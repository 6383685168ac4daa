"""The explorer's pages: a grid of pairs with filters, and a page per pair. Texts are always shown as text."""

import socket
from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from nicegui import app, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pacl_core.errors import UserError
from pacl_core.explorer.cards import card, colours
from pacl_core.explorer.controls import Choices, choices, controls
from pacl_core.explorer.neighbours import open_vectors
from pacl_core.explorer.pair_page import Explored, pair_page
from pacl_core.explorer.pairs import Tables, open_pairs
from pacl_core.explorer.query import Query, RowIds, rows_of
from pacl_core.explorer.selection import FORMATS, Tags, exported

PAGE = 24
_STYLE = Path(__file__).with_name("style.css")
# the report has the same colours
_PALETTE = Path(__file__).parents[1] / "report/templates/palette.css"


@dataclass
class _Shown:
    """What one visitor sees. `rows` is None until the query has run."""

    query: Query
    page: int
    rows: RowIds | None = None


def build(explored: Explored, report: Path | None) -> None:
    """Register the pages, the images and the downloads of these pairs."""
    pairs = explored.pairs
    offered = choices(pairs)
    for sheet in (_PALETTE, _STYLE):
        ui.add_css(sheet.read_text(encoding="utf-8"), shared=True)

    @app.get("/image/{row}.jpg")
    def image(row: int) -> Response:
        try:
            jpeg = pairs.jpeg(row)
        except IndexError:
            raise HTTPException(404) from None
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})

    @app.get("/pairs.{kind}")
    def download(kind: str, request: Request) -> Response:
        if kind not in FORMATS:
            raise HTTPException(404)
        rows = explored.rows(Query.from_words(request.query_params)).tolist()
        file = exported(explored.tagged(), rows, kind, jpeg=pairs.jpeg)
        named = {"Content-Disposition": f'attachment; filename="pairs.{kind}"'}
        return StreamingResponse(_chunks(file), media_type=FORMATS[kind], headers=named)

    @app.get("/report")
    def run_report() -> Response:
        if report is None or not report.is_file():
            raise HTTPException(404)
        return FileResponse(report)

    @ui.page("/", title="Pairs")
    async def all_pairs(request: Request) -> None:
        query = Query.from_words(request.query_params)
        has_report = report is not None and report.is_file()
        await _all_pairs(
            explored, offered, query, page=request.query_params.get("page", "1"), report=has_report
        )

    @ui.page("/pair/{row}", title="Pair")
    async def one_pair(row: int, request: Request) -> None:
        found = await to_thread(rows_of, pairs.table, [row])
        if not found:
            raise HTTPException(404)
        await pair_page(explored, found[0], Query.from_words(request.query_params))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk


async def _all_pairs(explored: Explored, offered: Choices, query: Query, *, page: str, report: bool) -> None:
    pairs = explored.pairs
    colours()
    with ui.header().classes("items-center q-py-sm no-wrap"):
        menu = ui.button(icon="filter_list").props("flat round color=white")
        menu.props["aria-label"] = "Show or hide the filters"
        ui.label("Pairs").classes("text-h6").props("role=heading aria-level=1")
        count = ui.label().props("aria-live=polite").classes("no-wrap")
        if explored.name:
            ui.label(explored.name).classes("ellipsis run-name")
        ui.space()
        if report:
            ui.link("Report", "/report").classes("text-white gt-xs")
        with (
            ui.button("Download", icon="download", color=None).props("flat no-caps color=white dense"),
            ui.menu(),
        ):
            saves = {kind: ui.menu_item(said) for kind, said in _DOWNLOADS.items()}
    drawer = ui.left_drawer(bordered=True).props("breakpoint=900 width=290")
    drawer.props["aria-label"] = "Filters"
    menu.on_click(drawer.toggle)
    shown = _Shown(query, int(page) if page.isdecimal() else 1)

    def save(kind: str) -> None:
        ui.navigate.to(f"/pairs.{kind}?{urlencode(shown.query.to_words())}")

    for kind, item in saves.items():
        item.on_click(lambda kind=kind: save(kind))

    @ui.refreshable
    async def results() -> None:
        if shown.rows is None:
            shown.rows = await to_thread(explored.rows, shown.query)
        rows = shown.rows
        pages = max(1, -(-len(rows) // PAGE))
        shown.page = min(max(1, shown.page), pages)
        count.set_text(f"{len(rows):,} of {pairs.count:,}")
        start = (shown.page - 1) * PAGE
        cards = await to_thread(rows_of, pairs.table, rows[start : start + PAGE].tolist())
        if not cards:
            ui.label("No pair fits. Relax a filter.").classes("q-pa-md")
        with ui.element("div").classes("grid-of-pairs"):
            for one in cards:
                card(one, query=shown.query)
        if pages > 1:
            turn = ui.pagination(1, pages, direction_links=True, value=shown.page, on_change=turned)
            turn.props('max-pages=6 boundary-numbers aria-label="Pages"').classes("q-mt-md self-center")

    async def turned(event: Any) -> None:
        shown.page = int(event.value)
        await again()

    async def changed(new: Query) -> None:
        shown.query, shown.rows, shown.page = new, None, 1
        await again()

    async def again() -> None:
        words = shown.query.to_words() | ({"page": str(shown.page)} if shown.page > 1 else {})
        ui.navigate.history.replace(f"/?{urlencode(words)}" if words else "/")
        await results.refresh()

    with drawer:
        controls(offered, query, changed, tags=explored.tags.all())
    with ui.element("main").classes("w-full column"):
        await results()


_DOWNLOADS = {
    "csv": "These pairs as CSV",
    "parquet": "These pairs as parquet",
    "zip": "Images and labels for FiftyOne",
}


HOST = "127.0.0.1"


def serve(tables: Tables, port: int, show: bool) -> None:
    """Serve the pairs of a run until interrupted; `show` opens a browser.

    Raises `UserError` where an artefact is missing or the port is taken.
    """
    pairs = open_pairs(tables)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(f"port {port} is taken; choose another with --port") from None
    explored = Explored(pairs, Tags(tables.tags), open_vectors(tables.embeddings, pairs.count), tables.name)
    build(explored, tables.report)
    # a foreign page whose host name points to this address gets no answer (DNS rebinding)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    print(f"{pairs.count:,} pairs at http://{HOST}:{port}  (Ctrl-C ends)", flush=True)
    ui.run(host=HOST, port=port, title="Pairs", show=show, reload=False, show_welcome_message=False)
