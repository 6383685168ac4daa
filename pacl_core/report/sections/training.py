"""Training curves from the tables of dvclive, one chart per folder (loss terms, rates); rebuilt positives."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.report.charts.curves import Series, curves
from pacl_core.report.charts.vega import Chart
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import Artefacts, Evaluated, optional_columns, optional_json, pairs_of, rows_of

_OTHERS = ("accent", "second", "third", "fourth")
# in this order; others follow by name
_TITLES = {
    "loss": "Loss of each partition",
    "recall_image_to_text": "Held-out pairs: the image finds its text among the first k, share",
    "recall_text_to_image": "Held-out pairs: the text finds its image among the first k, share",
    "excluded_by_factual": "Candidates that the factual filter excludes from the negatives, share",
    "excluded_by_emotional": "Candidates that the emotional filter excludes from the negatives, share",
    "rebuilt": "Weak anchors whose positive is rebuilt, share",
    "without_negatives": "Anchors without a negative, which learn nothing, share",
    "gradient_norm": "Norm of the gradient",
    "learning_rate": "Learning rates",
}
# what each phase adds (paper 3.3.5), found by the first loss of a partition
_PHASES = {
    "strong": "strong",
    "partial_emotional": "+ partial",
    "partial_factual": "+ partial",
    "weak": "+ weak",
}

Tables = dict[str, dict[str, dict[str, list[float]]]]


def training(artefacts: Evaluated, titles: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Charts with their titles, and the phases; None where there are no curves. `titles`: of its groups."""
    known_titles = _TITLES if titles is None else titles
    folder = artefacts.training / "plots/metrics"
    groups: Tables = {}
    for path in sorted(folder.rglob("*.tsv")):
        table = optional_columns(path, delimiter="\t")
        if table is not None:
            name = path.relative_to(folder).with_suffix("").as_posix()
            folder_name = PurePosixPath(name).parent.as_posix()
            groups.setdefault(name if folder_name == "." else folder_name, {})[name] = table
    if not groups:
        return None
    known = list(known_titles)
    order = sorted(groups, key=lambda group: (known.index(group) if group in known else len(known), group))
    phases = _phases(groups.get("loss", {}))
    charts = [
        (title, _chart(group, groups[group], phases, title=title))
        for group in order
        if (title := known_titles.get(group, group.replace("_", " ")))
    ]
    return {"charts": charts, "phases": phases}


def _phases(losses: dict[str, dict[str, list[float]]]) -> list[tuple[float, str]]:
    """(first epoch, what joins), by epoch: half an epoch before the first value, where its steps began."""
    starts: dict[str, float] = {}
    for name, table in losses.items():
        said = _PHASES.get(PurePosixPath(name).name)
        if said is not None:
            first = table["step"][0] + 0.5
            starts[said] = min(starts.get(said, first), first)
    return sorted((start, said) for said, start in starts.items())


def _chart(
    group: str,
    members: dict[str, dict[str, list[float]]],
    phases: list[tuple[float, str]],
    *,
    title: str,
) -> Chart:
    series: list[Series] = []
    used: list[str] = []
    for name in sorted(members, key=_rank):
        table = members[name]
        column = next(key for key in table if key not in ("step", "timestamp"))
        short = PurePosixPath(name).name
        colour = _colour(short, used)
        used.append(colour)
        epochs = [step + 1 for step in table["step"]]
        series.append((short.replace("_", " "), colour, epochs, table[column]))
    said = f"Curves over epochs: {title}"
    return curves(f"chart-curve-{group}", said, series, phases=phases, rates=group == "learning_rate")


def _rank(name: str) -> tuple[int, int, str]:
    """Partitions in their order, at_5 before at_10."""
    short = PurePosixPath(name).name
    place = PARTITIONS.index(short) if short in PARTITIONS else len(PARTITIONS)
    return place, len(short), short


def _colour(name: str, used: list[str]) -> str:
    """A partition's own colour where the series is of one."""
    for partition in sorted(PARTITIONS, key=len, reverse=True):
        if partition in name and partition not in used:
            return partition
    return next((colour for colour in _OTHERS if colour not in used), "accent")


_SHOWN = 8
_THUMBNAIL = 128


def rebuilt(artefacts: Artefacts, image: Thumbnail) -> dict[str, Any] | None:
    """A few images with their own text and both positives; None where no weak phase was recorded."""
    record = optional_json(artefacts.training / "rebuilt_positives.json")
    if not record or not record["late"] or not artefacts.partition.is_file():
        return None
    both = list(zip(record["early"], record["late"], strict=True))
    # first those whose positive was ever rebuilt, then in the order drawn
    both.sort(key=lambda pair: all(one["positive"] == one["sample_id"] for one in pair))
    chosen = both[:_SHOWN]
    ids = {one[key] for pair in chosen for one in pair for key in ("sample_id", "positive")}
    rows = rows_of(artefacts.partition, ids)
    if ids - rows.keys():
        return None  # trained on other pairs than the present ones
    pairs = pairs_of(artefacts, rows.values(), ["sample_id", "text"])

    def text(sample_id: str) -> str:
        return str(pairs[rows[sample_id]]["text"])

    return {
        "candidates": record["candidates"],
        "examples": [
            {
                "sample_id": early["sample_id"],
                "image": image(pairs[rows[early["sample_id"]]]["image"], _THUMBNAIL),
                "text": text(early["sample_id"]),
                "when": [
                    {
                        "name": name,
                        "kept": one["positive"] == one["sample_id"],
                        "text": text(one["positive"]),
                        "similarity": one["positive_similarity"],
                        "own": one["own_similarity"],
                    }
                    for name, one in (("early", early), ("late", late))
                ],
            }
            for early, late in chosen
        ],
    }
