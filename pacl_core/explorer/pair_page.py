"""The page of one pair: its facts, its tags, pairs like it, and the next pair of the selection."""

from asyncio import to_thread
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import polars as pl
from nicegui import ui

from pacl_core.explorer.cards import address, card, colours, number
from pacl_core.explorer.neighbours import neighbours
from pacl_core.explorer.pairs import Pairs
from pacl_core.explorer.query import Query, RowIds, alike, matching_rows, rows_of
from pacl_core.explorer.selection import Tags
from pacl_core.files.vectors import Vectors

ALIKE, NEAR = 12, 10


@dataclass(frozen=True)
class Explored:
    """What is explored: `vectors` by name, in the order of the pairs; `name`: project and run, in words."""

    pairs: Pairs
    tags: Tags
    vectors: dict[str, Vectors]
    name: str

    def tagged(self) -> pl.LazyFrame:
        """The table of pairs with their tags of now."""
        return self.tags.table(self.pairs.table)

    def rows(self, query: Query) -> RowIds:
        """The rows that fit, in the order asked for."""
        if query.tag is None:
            return matching_rows(self.pairs.table, self.pairs.columns, query)
        return matching_rows(self.tagged(), self.pairs.columns | {"tags"}, query)


async def pair_page(explored: Explored, pair: dict[str, Any], query: Query) -> None:
    """Of a pair that is among those of `query`, or alone."""
    colours()
    words = query.to_words()
    back_to = f"/?{urlencode(words)}" if words else "/"
    rows = await to_thread(explored.rows, query)
    before, after, place = around(rows, pair["row"])

    def go(row: int | None) -> None:
        if row is not None:
            ui.navigate.to(address(row, query))

    with ui.header().classes("items-center q-py-sm no-wrap"):
        back = ui.button(icon="arrow_back", on_click=lambda: ui.navigate.to(back_to)).props(
            "flat round color=white"
        )
        back.props["aria-label"] = "Back to all pairs"
        ui.label(f"Pair {pair['sample_id']}").classes("text-h6 ellipsis").props("role=heading aria-level=1")
        copy = ui.button(icon="content_copy", on_click=lambda: ui.clipboard.write(pair["sample_id"]))
        copy.props('flat round dense color=white aria-label="Copy the id"')
        ui.space()
        if place is not None:
            ui.label(f"{place + 1:,} of {len(rows):,}").classes("no-wrap gt-xs")
        for icon, said, row in (("chevron_left", "Previous", before), ("chevron_right", "Next", after)):
            turn = ui.button(icon=icon, on_click=lambda row=row: go(row)).props("flat round color=white")
            turn.props["aria-label"] = f"{said} pair (arrow key)"
            turn.set_enabled(row is not None)

    def key(event: Any) -> None:
        if not event.action.keydown or event.action.repeat:
            return
        if event.key.arrow_left:
            go(before)
        elif event.key.arrow_right:
            go(after)
        elif event.key.escape:
            ui.navigate.to(back_to)

    ui.keyboard(on_key=key)
    with ui.element("main").classes("w-full column q-gutter-md"):
        with ui.element("div").classes("one-pair"):
            image = ui.element("img")
            image.props["src"] = f"/image/{pair['row']}.jpg"
            image.props["alt"] = pair["text"]
            with ui.column():
                ui.label(pair["partition"].replace("_", " ")).classes(f"partition {pair['partition']}")
                ui.label(pair["text"]).classes("text-body1").style("overflow-wrap: anywhere")
                chips = ui.input_chips(
                    "Tags, each with Enter",
                    value=explored.tags.of(pair["sample_id"]),
                    new_value_mode="add-unique",
                    on_change=lambda event: explored.tags.put(pair["sample_id"], event.value or ()),
                )
                chips.props("outlined dense").classes("tags")
                _facts(pair)
        await _likes(explored, pair, query)


def around(rows: RowIds, row: int) -> tuple[int | None, int | None, int | None]:
    """The row before, the row after, and the place of `row` among `rows`; None for what is not there."""
    found = np.flatnonzero(rows == row)
    if not len(found):
        return None, None, None
    place = int(found[0])
    before = int(rows[place - 1]) if place else None
    return before, int(rows[place + 1]) if place + 1 < len(rows) else None, place


async def _likes(explored: Explored, pair: dict[str, Any], query: Query) -> None:
    """Pairs with the same image, and the nearest by each kind of vectors."""
    pairs = explored.pairs
    others = await to_thread(alike, pairs.table, pairs.columns, pair, most=ALIKE)
    said = ["same pixels" if one["bits"] == 0 else f"{one['bits']} of 64 bits differ" for one in others]
    _row_of_pairs("The same image, or nearly", others, said, query=query)
    for name, vectors in explored.vectors.items():
        near = await to_thread(neighbours, vectors, pair["row"], NEAR)
        found = await to_thread(rows_of, pairs.table, [row for row, _ in near])
        said = [f"cosine {similarity:.2f}" for _, similarity in near]
        _row_of_pairs(f"Nearest by {name}", found, said, query=query)


def _row_of_pairs(title: str, found: list[dict[str, Any]], said: list[str], *, query: Query) -> None:
    if not found:
        return
    ui.label(title).classes("text-subtitle1").props("role=heading aria-level=2")
    with ui.element("div").classes("grid-of-pairs small"):
        for one, line in zip(found, said, strict=True):
            card(one, [line], query=query)


def _facts(pair: dict[str, Any]) -> None:
    facts = {
        "Adjective-noun pairs": ", ".join(pair["anps"] or []),
        "Factual value": f"{number(pair['factual_value'])} ({_matched(pair['factual_matched'])})",
        "Factual score": number(pair["factual_score"]),
        "Emotional value": f"{number(pair['emotional_value'])} ({_matched(pair['emotional_matched'])})",
        "Emotional score": number(pair["emotional_score"]),
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
