"""A downstream data set as a reader gives it: what its tasks are, where it comes from, its items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pacl_core.corpus.posts import Rejected
from pacl_core.evaluation.tasks import Task


@dataclass(frozen=True)
class Record:
    """One item: undecoded picture bytes, split in {train, val, test}, a value per target column."""

    item_id: str
    image: bytes
    split: str
    targets: Mapping[str, float | int]


@dataclass(frozen=True)
class DownstreamSet:
    """Tasks, provenance for the citation list, and the items in a fixed order.

    `scales`: the published range of each regression task, which its targets map to [0, 1].
    """

    tasks: tuple[Task, ...]
    scales: Mapping[str, tuple[float, float]]
    source: str
    licence: str
    citation: str
    records: Iterator[Record | Rejected]
