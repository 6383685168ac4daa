"""Rebuilt positives: what weak pictures were drawn to when their phase began, and at the end."""

from pathlib import Path
from typing import Any

from pacl_core.report.pictures import Picture
from pacl_core.report.reading import optional_json
from pacl_core.report.rows import pairs_of, rows_of

_SHOWN = 8
_THUMBNAIL = 128


def rebuilt(root: Path, picture: Picture) -> dict[str, Any] | None:
    """A few pictures with their own text and both positives; None where no weak phase was recorded."""
    record = optional_json(root / "training/rebuilt_positives.json")
    if not record or not record["late"] or not (root / "data/partition.parquet").is_file():
        return None
    both = list(zip(record["early"], record["late"], strict=True))
    # in the order drawn, those first whose positive was rebuilt at any time
    both.sort(key=lambda pair: all(one["positive"] == one["sample_id"] for one in pair))
    chosen = both[:_SHOWN]
    ids = {one[key] for pair in chosen for one in pair for key in ("sample_id", "positive")}
    rows = rows_of(root / "data/partition.parquet", ids)
    if ids - rows.keys():
        return None  # trained on other pairs than those that are there now
    pairs = pairs_of(root, rows.values(), ["sample_id", "text"])

    def text(sample_id: str) -> str:
        return str(pairs[rows[sample_id]]["text"])

    return {
        "candidates": record["candidates"],
        "examples": [
            {
                "sample_id": early["sample_id"],
                "picture": picture(pairs[rows[early["sample_id"]]]["image"], _THUMBNAIL),
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
