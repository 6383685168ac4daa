"""Which clips are trained on, and why the others are not; from tables alone, so it runs no model."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pacl_core.files.tables import Table, aligned, table_writer
from pacl_core.params.clips import ClipFilterParams

SELECTION_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),
    ]
)
REASONS = ("duration", "short_text", "neutral", "few_frames", "no_person")
_BATCH = 4096


def refused(clip: dict[str, Any], rule: ClipFilterParams) -> str | None:
    """The first of `REASONS` for which a clip is left out, or None.

    `clip`: start, end, text, times, neutral (None: not known) and boxes, a list per frame. The published run
    took 2 s < duration < 10 s, 3 characters (not words), P(neutral) <= 0.05, 8 frames.
    """
    if not rule.min_seconds < clip["end"] - clip["start"] < rule.max_seconds:
        return "duration"
    if len(clip["text"]) < rule.min_text:
        return "short_text"
    neutral = clip["neutral"]
    if rule.max_neutral is not None and neutral is not None and neutral > stored_bound(rule.max_neutral):
        return "neutral"
    if len(clip["times"]) < rule.min_frames:
        return "few_frames"
    least = stored_bound(rule.box_score)
    shown = sum(any(box["score"] > least for box in boxes) for boxes in clip["boxes"])
    if shown < rule.min_person_share * len(clip["times"]):
        return "no_person"
    return None


def stored_bound(bound: float) -> float:
    """A bound as the tables hold values: 0.05 in float32 is above 0.05."""
    return float(np.float32(bound))


@dataclass(frozen=True)
class ClipTables:
    """Paths of the tables of one corpus of clips: the clips, their sentiment, the persons in them."""

    clips: Path
    sentiment: Path
    persons: Path


def write_selection(out: Path, of: ClipTables, rule: ClipFilterParams) -> dict[str, Any]:
    """Publish `sample_id`, `kept`, `reason` (null where kept) for each clip, in their order; the counts.

    Raises `UserError` where the tables are not of the same clips.
    """
    reasons: Counter[str] = Counter()
    kept = 0
    tables = (
        Table(of.clips, ("start", "end", "text", "times")),
        Table(of.sentiment, ("neutral",)),
        Table(of.persons, ("boxes",)),
    )
    with table_writer(out, SELECTION_SCHEMA) as writer:
        for those, feelings, people in aligned(tables, _BATCH):
            found = [
                refused(clip | {"neutral": neutral, "boxes": boxes}, rule)
                for clip, neutral, boxes in zip(
                    those.select(["start", "end", "text", "times"]).to_pylist(),
                    feelings["neutral"].to_pylist(),
                    people["boxes"].to_pylist(),
                    strict=True,
                )
            ]
            reasons.update(reason for reason in found if reason is not None)
            kept += found.count(None)
            columns = [those["sample_id"], [reason is None for reason in found], found]
            writer.write_table(pa.table(columns, schema=SELECTION_SCHEMA))
    return {
        "clips": kept + reasons.total(),
        "kept": kept,
        "left_out": reasons.total(),
        "left_out_by_reason": {reason: reasons[reason] for reason in REASONS if reasons[reason]},
    }
