"""How a recipe divides the pairs that the training of PACL has: the same pairs, in other partitions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.tables import scan_table
from pacl_core.methods.pacl.partition.matching import partition_places
from pacl_core.methods.pacl.partitions import PARTITIONS, USES_EMOTIONAL, USES_FACTUAL

Rows = Mapping[str, NDArray[np.int64]]
Places = NDArray[np.intp]

_OWN_STREAM = 0x5F1E  # batches are drawn from (seed, epoch, ..): a stream that is none of theirs


def divided(
    rows: Rows, partition: str, *, seed: int, recorded: Callable[[], Places]
) -> dict[str, NDArray[np.int64]]:
    """The rows of all partitions, divided by `partition` of `RecipeParams`; ascending in each.

    `rows`: by the partition that the scores make in mode `both`. `recorded` gives the place in `PARTITIONS`
    of every sample, for `record`. For `random` the rows change places by `seed`, so sizes stay.
    """
    if partition == "estimated":
        return dict(rows)
    everyone = np.concatenate([rows[name] for name in PARTITIONS])
    estimated = np.repeat(np.arange(len(PARTITIONS)), [len(rows[name]) for name in PARTITIONS])
    if partition == "random":
        places = np.random.default_rng((seed, _OWN_STREAM)).permutation(estimated)
    elif partition == "record":
        places = recorded()[everyone]
    else:
        factual, emotional = (
            np.isin(estimated, [place for place, name in enumerate(PARTITIONS) if name not in lacking])
            for lacking in (USES_FACTUAL, USES_EMOTIONAL)
        )
        places = partition_places(factual, emotional, partition)
    return {name: np.sort(everyone[places == place]) for place, name in enumerate(PARTITIONS)}


def recorded_places(pairs: Path, sample_ids: Sequence[str], truth: Mapping[str, tuple[bool, bool]]) -> Places:
    """The place in `PARTITIONS` of every sample by the `provenance` of `pairs`: a perfect partition.

    `truth` maps a provenance to (factual match, emotional match). Raises `UserError` where a sample has no
    provenance, or one that is not in it.
    """
    matches = np.array(list(truth.values()), bool).reshape(-1, 2)
    place_of = partition_places(matches[:, 0], matches[:, 1], "both").tolist()
    known = pl.LazyFrame({"provenance": [str(name) for name in truth], "place": place_of})
    table = scan_table(pairs).select("sample_id", "provenance").join(known, on="provenance")
    wanted = pl.LazyFrame({"sample_id": list(sample_ids)})
    found = wanted.join(table, on="sample_id", how="left", maintain_order="left").collect()
    unknown = found.filter(pl.col("place").is_null())["sample_id"]
    if len(unknown):
        raise UserError(
            f"{pairs}: {len(unknown)} pairs have no known provenance ({unknown[0]}, ..); a recipe with "
            "'partition: record' needs a corpus that records how each pair was made"
        )
    return found["place"].to_numpy().astype(np.intp)
