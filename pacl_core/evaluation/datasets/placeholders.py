"""Pictures that stand for others: a web site's "no longer available", under whatever label was searched."""

from collections.abc import Sequence

import polars as pl

from pacl_core.evaluation.tasks import Task


def finest_labels(tasks: Sequence[Task]) -> Task | None:
    """The single-label task with the most classes (the first of equals), None where there is none."""
    labelled = [task for task in tasks if task.kind == "single_label"]
    return max(labelled, key=lambda task: task.outputs, default=None)


def placeholders(items: pl.DataFrame, label: str) -> pl.Series:
    """Which rows [N] hold a placeholder, from the columns `pixel_hash`, `picture` and `label`.

    One is a hash with at least two labels on at least two pictures. Items of one picture (several persons
    in it, each with a label) are none.
    """
    named = items.select(pl.col("pixel_hash"), pl.col("picture"), pl.col(label).alias("label"))
    several = (pl.col("label").n_unique() >= 2) & (pl.col("picture").n_unique() >= 2)
    hashes = named.drop_nulls("label").group_by("pixel_hash").agg(several.alias("several"))
    return named["pixel_hash"].is_in(hashes.filter("several")["pixel_hash"].to_list())
