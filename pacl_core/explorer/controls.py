"""The explorer's filters. Each change makes a new query."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui

from pacl_core.explorer.pairs import Pairs
from pacl_core.explorer.query import SORTABLE, Query, histograms, score_bounds, value_counts
from pacl_core.methods.pacl.partitions import PARTITIONS

Changed = Callable[[Query], Awaitable[None]]

_CHOSEN_BY_VALUE = ("factual_label", "emotional_label", "provenance")
_NAMED = {"margin": "nearest to a threshold", "row": "corpus order"}
_SORT_NAMES = {name: _NAMED.get(name, name.replace("_", " ")) for name in SORTABLE}
_BINS, _STEPS = 36, 200


@dataclass(frozen=True)
class Choices:
    """The available choices: of both scores bounds, thresholds and pairs per bin, and how often each value of
    a column occurs."""

    bounds: dict[str, tuple[float, float]]
    thresholds: dict[str, float | None]
    histograms: dict[str, list[int]]
    counts: dict[str, dict[Any, int]]


def choices(pairs: Pairs) -> Choices:
    """Looked up once: artefacts do not change while the page is served."""
    named = [name for name in ("partition", *_CHOSEN_BY_VALUE) if name in pairs.columns]
    bounds = score_bounds(pairs.table)
    counts = {name: value_counts(pairs.table, name) for name in named}
    return Choices(bounds, pairs.thresholds, histograms(pairs.table, bounds, _BINS), counts)


def controls(offered: Choices, query: Query, changed: Changed, *, tags: dict[str, int]) -> None:
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
        _value_range(name, offered, state, changed=changed)
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
    if tags:
        options = {tag: f"{tag} ({count:,})" for tag, count in tags.items()}
        chosen = query.tag if query.tag in options else None
        ui.select(options, value=chosen, label="Tag", clearable=True, on_change=setter("tag")).props(
            "outlined dense"
        ).classes("w-full q-mt-sm")
    ui.select(_SORT_NAMES, value=query.sort, label="Sort by", on_change=setter("sort")).props(
        "outlined dense"
    ).classes("w-full q-mt-sm")
    ui.checkbox("Greatest first", value=query.descending, on_change=setter("descending"))
    ui.button("Clear all", on_click=lambda: ui.navigate.to("/"), color=None).props("flat dense no-caps")


def _value_range(name: str, offered: Choices, state: dict[str, Query], *, changed: Changed) -> None:
    """A slider with two ends under a histogram; an end that is at a bound sets no condition."""
    low, high = offered.bounds[f"{name}_value"]
    least, most = (getattr(state["query"], f"{name}_{end}") for end in ("from", "to"))
    start = {"min": low if least is None else least, "max": high if most is None else most}
    said = ui.label().classes("q-mt-md")

    def say(value: dict[str, float]) -> None:
        said.set_text(f"{name.capitalize()} value, {value['min']:.2f} to {value['max']:.2f}")

    async def set_range(event: Any) -> None:
        value = event.args
        ends: dict[str, Any] = {
            f"{name}_from": None if value["min"] <= low else value["min"],
            f"{name}_to": None if value["max"] >= high else value["max"],
        }
        state["query"] = replace(state["query"], **ends)
        await changed(state["query"])

    say(start)
    _histogram(offered.histograms[f"{name}_value"], (low, high), offered.thresholds.get(name))
    step = (high - low) / _STEPS or 1.0
    slider = ui.range(min=low, max=high, step=step, value=start, on_change=lambda event: say(event.value))
    slider.props(f'dense aria-label="{name.capitalize()} value"').classes("q-px-xs")
    slider.on("change", set_range)


def _histogram(counts: list[int], bounds: tuple[float, float], threshold: float | None) -> None:
    most = max(counts, default=0) or 1
    with ui.element("div").classes("histogram").props("aria-hidden=true"):
        for count in counts:
            ui.element("i").style(f"height: {max(100 * count / most, 2 if count else 0):.1f}%")
        if threshold is not None and bounds[0] <= threshold <= bounds[1] and bounds[0] < bounds[1]:
            place = 100 * (threshold - bounds[0]) / (bounds[1] - bounds[0])
            ui.element("b").style(f"left: {place:.1f}%").props(f'title="threshold {threshold:g}"')


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
