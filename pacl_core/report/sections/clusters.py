"""Pseudo-labels: the size of each cluster, the pairs nearest to its centre, and a map."""

from collections.abc import Mapping
from typing import Any

from pacl_core.files.json_csv import read_rows
from pacl_core.files.tables import read_table, take_rows
from pacl_core.report.charts.clusters import flat_map, size_bars
from pacl_core.report.charts.vega import Chart, Spec, partition_scale
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import Artefacts, optional_json, pairs_of

_SOURCES = {
    "factual": "image features of the backbone",
    "emotional": "text features of the sentiment encoder",
}
_COLOURS = ("accent", "second", "third", "fourth", "strong", "partial_emotional", "partial", "weak")
_TEXT = 90  # characters of a caption that a point of the map shows
_THUMBNAIL = 128


def clusters(artefacts: Artefacts, names: Mapping[str, str], image: Thumbnail) -> list[dict[str, Any]] | None:
    """None where the pseudo-label stage has not run. `names`: partition -> its name on the page."""
    metrics = optional_json(artefacts.metrics / "pseudo_labels.json")
    if metrics is None:
        return None
    near, points = _nearest(artefacts, image), _points(artefacts, names)
    explained = optional_json(artefacts.metrics / "embedding_map.json") or {}
    shown = []
    for side, source in _SOURCES.items():
        sizes = sorted(((int(label), size) for label, size in metrics[side]["sizes"].items()))
        bars = [(_label(label), size) for label, size in sizes]
        shown.append(
            {
                "name": side,
                "source": source,
                "chart": size_bars(f"chart-{side}-sizes", f"Sizes of the {side} clusters", bars),
                "inertia": metrics[side].get("inertia"),
                "nearest": [(_label(label), near.get((side, label), [])) for label, _ in sizes],
                "maps": _maps(
                    side, points.get(side, []), [label for label, _ in bars], names=names, explained=explained
                ),
            }
        )
    return shown


def _label(label: int) -> str:
    return f"label {label}"


def _nearest(artefacts: Artefacts, image: Thumbnail) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """(side, label) -> the pairs nearest to its centre, nearest first."""
    if not artefacts.cluster_examples.is_file() or not artefacts.partition.is_file():
        return {}
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    order = [(name, "ascending") for name in ("side", "label", "rank")]
    examples = read_table(artefacts.cluster_examples).sort_by(order).to_pylist()
    pairs = pairs_of(artefacts, {one["row"] for one in examples}, ["sample_id", "text", "partition"])
    for one in examples:
        pair = pairs[one["row"]]
        shown = pair | {"image": image(pair["image"], _THUMBNAIL), "distance": one["distance"]}
        found.setdefault((one["side"], one["label"]), []).append(shown)
    return found


def _points(artefacts: Artefacts, names: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Side -> points of the map, each with its caption and partition."""
    path = artefacts.plots / "embedding_map.csv"
    if not path.is_file() or not artefacts.partition.is_file():
        return {}
    rows = read_rows(path)
    pairs = take_rows([artefacts.partition], {int(row["row"]) for row in rows}, ["text", "partition"])
    points: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        pair = pairs[int(row["row"])]
        point = {"x": float(row["x"]), "y": float(row["y"]), "cluster": _label(int(row["label"]))}
        said = {"text": pair["text"][:_TEXT], "partition": names[pair["partition"]]}
        points.setdefault(row["side"], []).append(point | said)
    return points


def _maps(
    side: str,
    points: list[dict[str, Any]],
    labels: list[str],
    *,
    names: Mapping[str, str],
    explained: Mapping[str, list[float]],
) -> list[Chart]:
    """By cluster and by partition; none where there are no points."""
    if not points:
        return []
    shares = explained.get(side) or [0.0, 0.0]
    axes = (f"first axis, {shares[0]:.0%} of variance", f"second axis, {shares[1]:.0%}")
    colours = [f"var(--{_COLOURS[place % len(_COLOURS)]})" for place in range(len(labels))]
    scales: dict[str, Spec] = {
        "cluster": {"domain": labels, "range": colours},
        "partition": partition_scale(names),
    }
    return [
        flat_map(
            f"chart-{side}-map-{colour}",
            f"Map of the {source} by {colour}",
            points,
            colour=colour,
            scale=scale,
            axes=axes,
        )
        for source in [_SOURCES[side]]
        for colour, scale in scales.items()
    ]
