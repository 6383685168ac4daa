"""Splits by content: copies of an image stay together; a class is in every split, or else in train.

Official splits are kept. Where there is no validation split, a tenth of train becomes it; where there are
no splits at all, 8:1:1, or as the record says. Splits assigned here depend only on the bytes of the
published files, never on names, order, `image_size` or the decoder, except that images with the same pixels
stay together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pacl_core.datasets.record import DatasetRecord
from pacl_core.datasets.tasks import Task

ALL = {"train": 8, "val": 1, "test": 1}
VAL_OF_TRAIN = {"train": 9, "val": 1}
_STRATA = 5  # of a rating: quintiles


def assign_splits(items: pl.DataFrame, tasks: Sequence[Task], ratio: Mapping[str, int] = ALL) -> pl.Series:
    """The split of every row [N]: the official one in the column `split`, else ours, in the parts of `ratio`.

    `items` has `split` (null for all rows, or for none), `pixel_hash`, `image_name`, `file_hash` and the
    tasks' columns.
    """
    official = items["split"]
    if items.is_empty():
        return official
    match origin(official):
        case "ours":
            return pl.Series("split", _dealt(items, tasks, ratio), dtype=pl.String)
        case "val_of_train":
            in_train = (official == "train").to_numpy()
            split = official.to_numpy().copy()
            split[in_train] = _dealt(items.filter(official == "train"), tasks, VAL_OF_TRAIN)
            return pl.Series("split", split, dtype=pl.String)
        case _:
            return official


def record_ratio(record: DatasetRecord) -> dict[str, int]:
    """Parts of the items in each split where these are ours to assign, train first."""
    given: Mapping[str, int] = record.ratio or (ALL if "test" in record.splits else VAL_OF_TRAIN)
    return {split: given[split] for split in record.splits}


def origin(official: pl.Series) -> Literal["official", "val_of_train", "ours"]:
    """Where the splits of a data set come from, given its column of official ones [N]."""
    if official.null_count() == len(official):
        return "ours"
    given = set(official.unique())
    return "val_of_train" if "train" in given and "val" not in given else "official"


def content_groups(items: pl.DataFrame) -> NDArray[np.intp]:
    """Group number [N]: rows connected by a `pixel_hash` or an `image_name` share one."""
    hashes = items["pixel_hash"].rank("dense").to_numpy().astype(np.intp) - 1
    images = items["image_name"].rank("dense").to_numpy().astype(np.intp) - 1
    nodes = int(hashes.max(initial=-1)) + int(images.max(initial=-1)) + 2
    edges = (np.ones(len(items), bool), (hashes, hashes.max(initial=-1) + 1 + images))
    _, component = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)
    return np.asarray(component[hashes], np.intp)


def strata(items: pl.DataFrame, tasks: Sequence[Task]) -> NDArray[np.intp]:
    """Stratum [N], -1 without a target.

    The class of the finest single-label task where there is one; else, by the kind of the first task, the
    largest share, the rarest of an item's marks, or the quintile of the first rating. Captions have none.
    """
    task = finest_labels(tasks) or next((one for one in tasks if one.kind != "caption"), None)
    if task is None:
        return np.full(len(items), -1, np.intp)
    values = items.select(task.columns).to_numpy().astype(np.float64)
    given = np.isfinite(values).all(axis=1)
    found = np.full(len(items), -1, np.intp)
    if not given.any():
        return found
    known = values[given]
    match task.kind:
        case "single_label":
            found[given] = known[:, 0].astype(np.intp)
        case "distribution":
            found[given] = known.argmax(axis=1)
        case "multi_label":
            rarity = np.where(known > 0, known.sum(axis=0), np.inf)
            found[given] = np.where(known.any(axis=1), rarity.argmin(axis=1), -1)
        case _:
            edges = np.quantile(known[:, 0], np.arange(1, _STRATA) / _STRATA)
            found[given] = np.searchsorted(edges, known[:, 0], side="right")
    return found


def group_table(items: pl.DataFrame, tasks: Sequence[Task], group_of: NDArray[np.intp]) -> pl.DataFrame:
    """`group`, `stratum`, `hash`, `size` of each group, by number: its stratum is the last among its rows,
    its hash the least."""
    rows = pl.DataFrame({"group": group_of, "stratum": strata(items, tasks), "hash": items["file_hash"]})
    of_group = rows.group_by("group").agg(
        pl.col("stratum").max(), pl.col("hash").min(), pl.len().alias("size")
    )
    return of_group.sort("group")


def deal(
    sizes: Sequence[int], hashes: Sequence[str], ratio: Mapping[str, int], *, owed: Mapping[str, int]
) -> tuple[list[str], dict[str, int]]:
    """Split of each group of one stratum, from the groups' sizes and hashes; and what each split still lacks.

    In the order of the hashes each split except the first takes groups as long as they fit its part, and one
    more if that brings it nearer; the first, train, takes the rest, at least one group. So adding or removing
    an item moves few others. Then, where there are at least as many groups as splits, a split without any
    takes the smallest group of the fullest. `owed` and the second answer count items times the sum of
    `ratio`, so that all arithmetic is on whole numbers.
    """
    whole, parts = sum(sizes), sum(ratio.values())
    lacking = {split: part * whole + owed.get(split, 0) for split, part in ratio.items()}
    members: dict[str, list[int]] = {split: [] for split in ratio}

    def give(split: str, group: int) -> None:
        members[split].append(group)
        lacking[split] -= parts * sizes[group]

    first, *others = ratio
    left = sorted(range(len(sizes)), key=lambda group: hashes[group])
    for split in others:
        offered, left = left, []
        for place, group in enumerate(offered):
            last = not left and place == len(offered) - 1
            if parts * sizes[group] <= lacking[split] and not last:
                give(split, group)
            else:
                left.append(group)
        smallest = min(left, key=lambda group: (sizes[group], hashes[group]))
        if len(left) > 1 and parts * sizes[smallest] <= 2 * lacking[split]:
            give(split, smallest)
            left.remove(smallest)
    for group in left:
        give(first, group)
    if len(sizes) >= len(ratio):
        for empty in [split for split in ratio if not members[split]]:
            fullest = max(members, key=lambda name: len(members[name]))
            moved = min(members[fullest], key=lambda group: (sizes[group], hashes[group]))
            members[fullest].remove(moved)
            lacking[fullest] += parts * sizes[moved]
            give(empty, moved)
    found = {group: split for split, groups in members.items() for group in groups}
    return [found[group] for group in range(len(sizes))], lacking


def _dealt(items: pl.DataFrame, tasks: Sequence[Task], ratio: Mapping[str, int]) -> NDArray[np.object_]:
    """A split per row.

    The only group of a class goes to train. What a stratum still owes, up to one item, is carried to the
    next: otherwise the remainders of many small strata would all go to the same split.
    """
    group_of = content_groups(items)
    of_group = group_table(items, tasks, group_of)
    by_stratum: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for group, stratum, file_hash, size in of_group.iter_rows():
        by_stratum[stratum].append((group, size, file_hash))
    only = _only_groups(items, tasks, group_of)
    split_of = np.full(len(of_group), "train", dtype=object)
    item = sum(ratio.values())
    owed = dict.fromkeys(ratio, 0)
    for _, members in sorted(by_stratum.items()):
        trained = sum(size for group, size, _ in members if group in only)
        owed = {split: owed[split] + part * trained for split, part in ratio.items()}
        owed["train"] -= item * trained
        free = [member for member in members if member[0] not in only]
        if free:
            numbers, sizes, hashes = zip(*free, strict=True)
            split_of[list(numbers)], owed = deal(sizes, hashes, ratio, owed=owed)
        owed = {split: max(-item, min(item, lack)) for split, lack in owed.items()}
    found: NDArray[np.object_] = split_of[group_of]
    return found


def _only_groups(items: pl.DataFrame, tasks: Sequence[Task], group_of: NDArray[np.intp]) -> set[int]:
    """Groups that are the only one of a class, of any task that has labels or marks."""
    found: set[int] = set()
    for task in tasks:
        if task.kind not in ("single_label", "multi_label"):
            continue
        values = items.select(task.columns).to_numpy().astype(np.float64)
        for column in values.T:
            classes = np.unique(column[np.isfinite(column)]) if task.kind == "single_label" else [1]
            for index in classes:
                of_class = np.unique(group_of[column == index])
                if len(of_class) == 1:
                    found.add(int(of_class[0]))
    return found


def finest_labels(tasks: Sequence[Task]) -> Task | None:
    """The single-label task with the most classes (the first of equals), None where there is none."""
    labelled = [task for task in tasks if task.kind == "single_label"]
    return max(labelled, key=lambda task: task.outputs, default=None)


def placeholders(items: pl.DataFrame, label: str) -> pl.Series:
    """Which rows [N] are placeholders, from the columns `pixel_hash`, `image_name` and `label`.

    A placeholder is a hash with at least two labels under at least two names. Several persons in one image,
    each with a label, do not make it one.
    """
    named = items.select(pl.col("pixel_hash"), pl.col("image_name"), pl.col(label).alias("label"))
    several = (pl.col("label").n_unique() >= 2) & (pl.col("image_name").n_unique() >= 2)
    hashes = named.drop_nulls("label").group_by("pixel_hash").agg(several.alias("several"))
    return named["pixel_hash"].is_in(hashes.filter("several")["pixel_hash"].to_list())
