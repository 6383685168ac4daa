"""Folds for cross-validation, of data sets without official splits: by content and stratified, as our splits.

Each item is in one fold, and is predicted by what is fitted on the others. What is fitted needs items to
choose its penalty or epoch by: for fold k these are one half of the fold that follows it, which is not fitted
on.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.datasets.splits import content_groups, group_table, origin
from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError

SCHEMA = {"fold": pl.Int8, "val_of": pl.Int8}


def assign_folds(items: pl.DataFrame, tasks: Sequence[Task], folds: int) -> pl.DataFrame:
    """Columns `fold` and `val_of` [N], int8: an item's own fold, and the fold whose choices it validates.

    Both are null in all rows if `folds` is 0 or there are official splits. `items` as in `assign_splits`,
    with the official `split`. Raises `UserError` where there are fewer than two different images per fold.
    """
    if not folds or origin(items["split"]) != "ours" or items.is_empty():
        return pl.DataFrame({name: [None] * len(items) for name in SCHEMA}, schema=SCHEMA)
    group_of = content_groups(items)
    groups = group_table(items, tasks, group_of)
    if len(groups) < 2 * folds:
        most = len(groups) // 2
        fit = f"to {most} or less, or to 0" if most > 1 else "to 0"
        raise UserError(
            f"{len(groups)} different images are too few for {folds} folds; set evaluate.folds {fit} "
            "(the 8:1:1 split)"
        )
    fold = _spread(groups, folds)
    half = np.zeros(len(groups), np.intp)
    for one in range(folds):
        half[fold == one] = _spread(groups.filter(fold == one), 2)
    val_of = [int(one) if second else None for one, second in zip((fold - 1) % folds, half, strict=True)]
    of_group = {"fold": fold.tolist(), "val_of": val_of}
    return pl.DataFrame(of_group, schema=SCHEMA)[group_of]


def _spread(groups: pl.DataFrame, parts: int) -> NDArray[np.intp]:
    """Part [G] of each group: parts differ by at most one group of each stratum, and by one overall.

    Large groups come first, then by hash, each to the part with the fewest groups of its stratum, of equals
    that with the fewest groups, then the fewest items.
    """
    found = np.zeros(len(groups), np.intp)
    groups_in, items_in = [0] * parts, [0] * parts
    largest_first = groups.with_row_index("place").sort(
        "stratum", "size", "hash", descending=[False, True, False]
    )
    for (_,), members in largest_first.group_by("stratum", maintain_order=True):
        own = [0] * parts
        for place, size in members.select("place", "size").iter_rows():
            part = min(range(parts), key=lambda at: (own[at], groups_in[at], items_in[at]))
            found[place] = part
            own[part] += 1
            groups_in[part] += 1
            items_in[part] += size
    return found
