"""Attention of a subject token to the subject, next to the share of patches that the subject has."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pacl_core.evaluation.metrics.intervals import Floats, Resampled, interval, resamples
from pacl_core.files.tables import scan_table


def attention_metrics(maps: Path, *, count: int) -> dict[str, Any]:
    """Counts, and per layer: mean attention on the subject, on all patches, and what it has above its share.

    `maps`: sample_id, frame, layer, map, on_subject, share_of_patches. Frames without a subject are only
    counted; those of a clip are one value, their mean. The difference is paired, clip by clip, and has a 95 %
    interval from `count` resamples of clips.
    """
    every = scan_table(maps)
    frames = every.select("sample_id", "frame", told=pl.col("share_of_patches") > 0).unique().collect()
    clips = (
        every.filter(pl.col("share_of_patches") > 0)
        .with_columns(on_patches=pl.col("map").list.sum())
        .group_by("layer", "sample_id")
        .agg(pl.col("on_subject", "on_patches", "share_of_patches").cast(pl.Float64).mean())
        .sort("layer", "sample_id")
        .collect()
    )
    layers = {}
    for (layer,), of_layer in clips.group_by("layer", maintain_order=True):
        above = (of_layer["on_subject"] - of_layer["share_of_patches"]).to_numpy()
        ends = interval(mean_resampled(above, count=count))
        layers[str(layer)] = {
            "on_subject": of_layer["on_subject"].mean(),
            "on_patches": of_layer["on_patches"].mean(),
            "above_share": float(above.mean()),
            "low": None if ends is None else ends[0],
            "high": None if ends is None else ends[1],
        }
    first = clips.filter(pl.col("layer") == 1)
    return {
        "clips": frames["sample_id"].n_unique(),
        "clips_with_subject": len(first),
        "frames": len(frames),
        "frames_with_subject": int(frames["told"].sum()),
        "share_of_patches": first["share_of_patches"].mean(),
        "layers": layers,
    }


def mean_resampled(values: Floats, *, count: int) -> Resampled:
    """The mean of `values` [N] on `count` resamples of them."""
    items, total = len(values), values.sum()
    means = [counts @ values / items for counts in resamples(items, count, seed=0)]
    left_out = (total - values) / (items - 1) if items > 1 else None
    return Resampled(np.concatenate(means), float(total / items), left_out)
