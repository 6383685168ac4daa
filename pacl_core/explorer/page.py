"""The explorer's pages: a grid of pairs with filters, and a page per pair. Texts are always shown as text."""

import socket
from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from nicegui import app, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pacl_core.errors import UserError
from pacl_core.explorer.controls import Choices, choices, controls
from pacl_core.explorer.pairs import Pairs, Tables, open_pairs
from pacl_core.explorer.query import Query, RowIds, alike, matching_rows, rows_of

PAGE = 24
ALIKE = 12
_STYLE = Path(__file__).with_name("style.css")
# the report has the same colours
_PALETTE = Path(__file__).parents[1] / "report/templates/palette.css"


@dataclass
class _Shown:
    """What one visitor sees. `rows` is None until the query has run."""

    query: Query
    page: int
    rows: RowIds | None = None


def build(pairs: Pairs) -> None:
    """Register the pages and the images of these pairs."""
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

    @ui.page("/", title="Pairs")
    async def all_pairs(request: Request) -> None:
        await _all_pairs(
            pairs, offered, Query.from_words(request.query_params), page=request.query_params.get("page", "1")
        )

    @ui.page("/pair/{row}", title="Pair")
    async def one_pair(row: int) -> None:
        found = await to_thread(rows_of, pairs.table, [row])
        if not found:
            raise HTTPException(404)
        await _one_pair(pairs, found[0])


async def _all_pairs(pairs: Pairs, offered: Choices, query: Query, *, page: str) -> None:
    _colours()
    with ui.header().classes("items-center q-py-sm"):
        menu = ui.button(icon="filter_list").props("flat round color=white")
        menu.props["aria-label"] = "Show or hide the filters"
        ui.label("Pairs").classes("text-h6").props("role=heading aria-level=1")
        count = ui.label().props("aria-live=polite")
    drawer = ui.left_drawer(bordered=True).props("breakpoint=900 width=290")
    drawer.props["aria-label"] = "Filters"
    menu.on_click(drawer.toggle)
    shown = _Shown(query, int(page) if page.isdecimal() else 1)

    @ui.refreshable
    async def results() -> None:
        if shown.rows is None:
            shown.rows = await to_thread(matching_rows, pairs.table, pairs.columns, shown.query)
        rows = shown.rows
        pages = max(1, -(-len(rows) // PAGE))
        shown.page = min(max(1, shown.page), pages)
        count.set_text(f"{len(rows):,} of {pairs.count:,}")
        start = (shown.page - 1) * PAGE
        cards = await to_thread(rows_of, pairs.table, rows[start : start + PAGE].tolist())
        if not cards:
            ui.label("No pair fits. Relax a filter.").classes("q-pa-md")
        with ui.element("div").classes("grid-of-pairs"):
            for card in cards:
                _card(card)
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
        controls(offered, query, changed)
    with ui.element("main").classes("w-full column"):
        await results()


def _colours() -> None:
    ui.dark_mode(None)  # as the browser prefers
    ui.colors(primary="#1f5fae")  # white on it has a contrast of 6 to 1


def _card(pair: dict[str, Any], lines: Sequence[str] = ()) -> None:
    with ui.element("a").classes("pair") as link:
        link.props["href"] = f"/pair/{pair['row']}"
        image = ui.element("img").props("loading=lazy")
        image.props["src"] = f"/image/{pair['row']}.jpg"
        image.props["alt"] = pair["text"]
        ui.label(pair["partition"].replace("_", " ")).classes(f"partition {pair['partition']}")
        ui.label(pair["text"]).classes("text")
        for line in lines or _values(pair):
            ui.label(line).classes("values")


def _values(pair: dict[str, Any]) -> list[str]:
    return [f"{name} {_number(pair[f'{name}_value'])}" for name in ("factual", "emotional")]


async def _one_pair(pairs: Pairs, pair: dict[str, Any]) -> None:
    _colours()
    with ui.header().classes("items-center q-py-sm"):
        back = ui.button(icon="arrow_back", on_click=ui.navigate.back).props("flat round color=white")
        back.props["aria-label"] = "Back"
        ui.label(f"Pair {pair['sample_id']}").classes("text-h6 ellipsis").props("role=heading aria-level=1")
    with ui.element("main").classes("w-full column q-gutter-md"):
        with ui.element("div").classes("one-pair"):
            image = ui.element("img")
            image.props["src"] = f"/image/{pair['row']}.jpg"
            image.props["alt"] = pair["text"]
            with ui.column():
                ui.label(pair["partition"].replace("_", " ")).classes(f"partition {pair['partition']}")
                ui.label(pair["text"]).classes("text-body1").style("overflow-wrap: anywhere")
                _facts(pair)
        others = await to_thread(alike, pairs.table, pairs.columns, pair, most=ALIKE)
        if others:
            ui.label("The same image, or nearly").classes("text-subtitle1").props("role=heading aria-level=2")
            with ui.element("div").classes("grid-of-pairs"):
                for other in others:
                    bits = other["bits"]
                    _card(other, ["same pixels" if bits == 0 else f"{bits} of 64 bits differ"])


def _facts(pair: dict[str, Any]) -> None:
    facts = {
        "Adjective-noun pairs": ", ".join(pair["anps"] or []),
        "Factual value": f"{_number(pair['factual_value'])} ({_matched(pair['factual_matched'])})",
        "Factual score": _number(pair["factual_score"]),
        "Emotional value": f"{_number(pair['emotional_value'])} ({_matched(pair['emotional_matched'])})",
        "Emotional score": _number(pair["emotional_score"]),
        "Factual label": pair.get("factual_label"),
        "Emotional label": pair.get("emotional_label"),
        "Provenance": pair.get("provenance"),
        "Text as posted": original if (original := pair.get("original_text")) != pair["text"] else None,
        "Near duplicate of": pair.get("near_duplicate_of"),
        "Size": f"{pair['width']} x {pair['height']}" if "width" in pair else None,
        "Hash of the pixels": pair.get("pixel_hash"),
        "Row": f"{pair['row']:,}",
    }
    with ui.element("dl").classes("facts"):
        for name, value in facts.items():
            if value is not None and value != "":
                with ui.element("dt"):
                    ui.label(name)
                with ui.element("dd"):
                    ui.label(str(value))


def _matched(matched: bool) -> str:
    return "matched" if matched else "not matched"


def _number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else "none"


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
    build(pairs)
    # a foreign page whose host name points to this address gets no answer (DNS rebinding)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    print(f"{pairs.count:,} pairs at http://{HOST}:{port}  (Ctrl-C ends)", flush=True)
    ui.run(host=HOST, port=port, title="Pairs", show=show, reload=False, show_welcome_message=False)
