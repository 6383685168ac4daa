"""The explorer's filters. Each change makes a new query."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui

from pacl_core.explorer.pairs import Pairs
from pacl_core.explorer.query import SORTABLE, Query, score_bounds, value_counts
from pacl_core.methods.pacl.partitions import PARTITIONS

Changed = Callable[[Query], Awaitable[None]]

_CHOSEN_BY_VALUE = ("factual_label", "emotional_label", "provenance")
_SORT_NAMES = {"row": "corpus order"} | {name: name.replace("_", " ") for name in SORTABLE if name != "row"}


@dataclass(frozen=True)
class Choices:
    """The available choices: bounds of both scores, and how often each value of a column occurs."""

    bounds: dict[str, tuple[float, float]]
    counts: dict[str, dict[Any, int]]


def choices(pairs: Pairs) -> Choices:
    """Looked up once: artefacts do not change while the page is served."""
    named = [name for name in ("partition", *_CHOSEN_BY_VALUE) if name in pairs.columns]
    return Choices(score_bounds(pairs.table), {name: value_counts(pairs.table, name) for name in named})


def controls(offered: Choices, query: Query, changed: Changed) -> None:
    """Draw the filters as `query` sets them; `changed` is called with the new query after each change."""
    state = {"query": query}

    def setter(name: str, of: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], Awaitable[None]]:
        async def set_value(event: Any) -> None:
            state["query"] = replace(state["query"], **{name: of(event.value)})
            await changed(state["query"])

        return set_value

    ui.input(
        "Words in text or ANPs", value=query.text, on_change=setter("text", lambda text: text or "")
    ).props("debounce=300 clearable outlined dense type=search").classes("w-full")
    _partitions(offered, state, changed)
    for name in ("factual", "emotional"):
        low, high = offered.bounds[f"{name}_value"]
        ui.label(f"{name.capitalize()} value, {low:.2f} to {high:.2f}").classes("q-mt-sm")
        with ui.row().classes("no-wrap w-full"):
            for end in ("from", "to"):
                key = f"{name}_{end}"
                field = ui.number(end, value=getattr(query, key), step=0.05, on_change=setter(key))
                field.props("debounce=300 clearable outlined dense").classes("col")
                field.props["aria-label"] = f"{name.capitalize()} value {end}"
    for name in _CHOSEN_BY_VALUE:
        if counts := offered.counts.get(name):
            options = {value: f"{value} ({count:,})" for value, count in counts.items()}
            chosen = getattr(query, name)
            ui.select(
                options,
                value=chosen if chosen in options else None,
                label=name.replace("_", " ").capitalize(),
                clearable=True,
                on_change=setter(name),
            ).props("outlined dense").classes("w-full q-mt-sm")
    ui.select(_SORT_NAMES, value=query.sort, label="Sort by", on_change=setter("sort")).props(
        "outlined dense"
    ).classes("w-full q-mt-sm")
    ui.checkbox("Greatest first", value=query.descending, on_change=setter("descending"))
    ui.button("Clear all", on_click=lambda: ui.navigate.to("/"), color=None).props("flat dense no-caps")


def _partitions(offered: Choices, state: dict[str, Query], changed: Changed) -> None:
    counts = offered.counts["partition"]
    chosen = set(state["query"].partitions)

    def setter(name: str) -> Callable[[Any], Awaitable[None]]:
        async def set_value(event: Any) -> None:
            (chosen.add if event.value else chosen.discard)(name)
            state["query"] = replace(
                state["query"], partitions=tuple(one for one in PARTITIONS if one in chosen)
            )
            await changed(state["query"])

        return set_value

    ui.label("Partitions").classes("q-mt-sm")
    with ui.column().classes("gap-0").props("role=group aria-label=Partitions"):
        for name in PARTITIONS:
            text = f"{name.replace('_', ' ')} ({counts.get(name, 0):,})"
            ui.checkbox(text, value=name in chosen, on_change=setter(name)).props("dense").classes("q-py-xs")
