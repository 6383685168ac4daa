"""Queries against loops over rows."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.explorer.pairs import open_pairs
from pacl_core.explorer.query import (
    SORTABLE,
    Query,
    alike,
    histograms,
    matching_rows,
    rows_of,
    score_bounds,
    value_counts,
)
from pacl_core.explorer.selection import Tags
from pacl_core.files.json_csv import write_json
from pacl_core.methods.pacl.partitions import PARTITIONS
from tests.explorer.conftest import tables_of

THRESHOLDS = {"factual": 0.2, "emotional": 0.25}


@pytest.fixture(scope="session")
def tagged(root, tmp_path_factory):
    """The table with thresholds and with tags of a few pairs."""
    metrics = tmp_path_factory.mktemp("metrics") / "partition.json"
    write_json(metrics, {"thresholds": THRESHOLDS})
    tags = Tags(None)
    for sample_id in ("p001", "p030"):
        tags.put(sample_id, ["ironic", "for the talk"])
    return tags.table(open_pairs(replace(tables_of(root), metrics=metrics)).table)


bounds = st.none() | st.floats(-0.1, 0.5).map(lambda value: round(value, 3))
queries = st.builds(
    Query,
    partitions=st.sets(st.sampled_from(PARTITIONS)).map(
        lambda some: tuple(n for n in PARTITIONS if n in some)
    ),
    factual_from=bounds,
    factual_to=bounds,
    emotional_from=bounds,
    emotional_to=bounds,
    factual_label=st.none() | st.integers(0, 4),
    emotional_label=st.none() | st.integers(0, 2),
    provenance=st.sampled_from([None, "kept", "nobody wrote this"]),
    tag=st.none() | st.sampled_from(["ironic", "no such tag"]),
    text=st.sampled_from(["", "sad", "SUNNY day", "happy dog", "day 1", "**bold**", "(", "  "]),
    sort=st.sampled_from(SORTABLE),
    descending=st.booleans(),
)


def by_hand(rows: list[dict[str, Any]], query: Query) -> list[int]:
    kept = []
    for row in rows:
        said = row["text"].lower() + "\n" + "\n".join(row["anps"]).lower()
        fits = [
            not query.partitions or row["partition"] in query.partitions,
            all(word in said for word in query.text.lower().split()),
        ]
        for name in ("factual", "emotional"):
            value = row[f"{name}_value"]
            low, high = getattr(query, f"{name}_from"), getattr(query, f"{name}_to")
            fits.append(low is None or (value is not None and value >= low))
            fits.append(high is None or (value is not None and value <= high))
        for name in ("factual_label", "emotional_label", "provenance"):
            wanted = getattr(query, name)
            fits.append(wanted is None or row[name] == wanted)
        fits.append(query.tag is None or query.tag in row["tags"])
        if all(fits):
            kept.append(row)
    known = [row for row in kept if row[query.sort] is not None]
    unknown = [row for row in kept if row[query.sort] is None]
    sign = -1 if query.descending else 1
    return [row["row"] for row in sorted(known, key=lambda row: sign * row[query.sort]) + unknown]


@settings(deadline=None, max_examples=150)
@given(queries)
def test_rows_are_those_that_fit_in_the_order_asked_for(tagged, query):
    rows = tagged.collect().to_dicts()
    assert matching_rows(tagged, frozenset(rows[0]), query).tolist() == by_hand(rows, query)


def test_the_nearest_to_a_threshold_come_first(tagged):
    """By hand from both values; the pair without an emotional value has its factual distance."""
    rows = tagged.collect().to_dicts()

    def distance(row: dict[str, Any]) -> float:
        values = {"factual": row["factual_value"], "emotional": row["emotional_value"]}
        return min(abs(value - THRESHOLDS[name]) for name, value in values.items() if value is not None)

    expected = sorted(range(len(rows)), key=lambda row: distance(rows[row]))
    assert matching_rows(tagged, frozenset(rows[0]), Query()).tolist() == expected


def test_a_histogram_counts_every_known_value_in_its_bin(pairs):
    bounds = score_bounds(pairs.table)
    found = histograms(pairs.table, bounds, 7)
    for name, (low, high) in bounds.items():
        values = [row[name] for row in pairs.table.collect().to_dicts() if row[name] is not None]
        places = [min(6, int((value - low) / ((high - low) / 7))) for value in values]
        assert found[name] == [places.count(place) for place in range(7)]
    assert histograms(pairs.table, {"factual_value": (0.0, 0.0)}, 2)["factual_value"] != []


@given(queries)
def test_an_address_holds_the_query(query):
    words = query.to_words()
    assert all(isinstance(value, str) for value in words.values())
    assert Query.from_words(words) == query
    assert Query().to_words() == {}


@given(st.dictionaries(st.sampled_from([*Query.__dataclass_fields__, "page", "x"]), st.text(max_size=12)))
def test_no_address_breaks_the_page(words):
    query = Query.from_words(words)
    assert Query.from_words(query.to_words()) == query


def test_pages_are_fetched_in_the_order_of_the_rows(pairs):
    found = rows_of(pairs.table, [30, 2, 17, 999])
    assert [row["row"] for row in found] == [30, 2, 17]
    assert [row["sample_id"] for row in found] == ["p030", "p002", "p017"]


def test_counts_and_bounds(pairs):
    rows = pairs.table.collect().to_dicts()
    provenance = [row["provenance"] for row in rows if row["provenance"] is not None]
    assert value_counts(pairs.table, "provenance") == {"kept": len(provenance)}
    emotional = [row["emotional_value"] for row in rows if row["emotional_value"] is not None]
    assert score_bounds(pairs.table)["emotional_value"] == (min(emotional), max(emotional))


def test_pairs_with_the_same_image_are_alike(pairs):
    [pair] = rows_of(pairs.table, [8])
    found = alike(pairs.table, pairs.columns, pair, most=12)
    assert (found[0]["row"], found[0]["bits"]) == (9, 0)
    assert all(0 < other["bits"] <= 4 for other in found[1:])


def test_alike_counts_bits_that_differ_and_leaves_flat_images_alone():
    hashes = [0b1111, 0b1110, 0b0000_0001_1111, 0xFFFF_0000, 0, 0, 0xFFFF << 40]
    table = pl.LazyFrame(
        {
            "row": range(7),
            "text": ["t"] * 7,
            "partition": ["weak"] * 7,
            "pixel_hash": ["a", "b", "c", "d", "flat", "flat", "e"],
            "perceptual_hash": pl.Series(hashes, dtype=pl.UInt64),
        },
        schema_overrides={"row": pl.UInt32},
    )

    def of(row: int) -> list[tuple[int, int]]:
        [pair] = rows_of(table, [row])
        return [
            (one["row"], one["bits"]) for one in alike(table, ("pixel_hash", "perceptual_hash"), pair, most=9)
        ]

    assert of(0) == [(1, 1), (2, 1)]
    assert of(1) == [(0, 1), (2, 2)]
    assert of(4) == [(5, 0)]
    assert of(6) == []
    assert alike(table, ("text",), {"row": 0}, most=9) == []


@pytest.mark.parametrize("column", ["factual_label", "provenance"])
def test_a_condition_on_a_column_that_is_not_there_fits_nothing(pairs, column):
    query = Query(**{column: 1 if column == "factual_label" else "kept"})
    table = pairs.table.drop(column)
    assert len(matching_rows(table, pairs.columns - {column}, query)) == 0
