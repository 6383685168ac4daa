"""A pair in a grid: its image, its text, its partition and a line or two."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from pacl_core.explorer.query import Query


def colours() -> None:
    """Light or dark as the browser prefers."""
    ui.dark_mode(None)
    ui.colors(primary="#1f5fae")  # white on it has a contrast of 6 to 1


def address(row: int, query: Query) -> str:
    """The page of a pair; it knows from which selection one came."""
    words = query.to_words()
    return f"/pair/{row}?{urlencode(words)}" if words else f"/pair/{row}"


def card(pair: dict[str, Any], lines: Sequence[str] = (), *, query: Query) -> None:
    """A link to the pair; without `lines` it has the values of both scores."""
    with ui.element("a").classes("pair") as link:
        link.props["href"] = address(pair["row"], query)
        image = ui.element("img").props("loading=lazy")
        image.props["src"] = f"/image/{pair['row']}.jpg"
        image.props["alt"] = pair["text"]
        ui.label(pair["partition"].replace("_", " ")).classes(f"partition {pair['partition']}")
        ui.label(pair["text"]).classes("text")
        for line in lines or _values(pair):
            ui.label(line).classes("values")


def _values(pair: dict[str, Any]) -> list[str]:
    return [f"{name} {number(pair[f'{name}_value'])}" for name in ("factual", "emotional")]


def number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else "none"
