"""The data of a protocol: a stored data set with the features of one variant."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pacl_core.datasets.features import unit_length
from pacl_core.datasets.task_data import TaskData, read_task_data, read_task_rounds
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.protocols.heads import Examples


@dataclass(frozen=True)
class DownstreamData:
    """`dataset`: data/downstream/<name>.parquet; `features` [N, D]: a variant's raw pooled ones, in its rows'
    order; `excluded`: ids of test items to leave out."""

    dataset: Path
    features: NDArray[np.float32]
    excluded: Collection[str] = ()

    def of_task(self, task: Task) -> TaskData:
        """The official split, else 8:1:1. Raises `UserError` where a split is empty."""
        return read_task_data(task, self.dataset, self.excluded)

    def rounds(self, task: Task) -> list[TaskData]:
        """The rounds of fitting and predicting. Raises `UserError` where a split or a fold lacks items."""
        return read_task_rounds(task, self.dataset, self.excluded)

    def examples(self, of_task: TaskData, split: str, device: str) -> Examples:
        """Features at unit length and targets of the split's items that have one.

        Raises `UserError` naming an item whose features are zero or not finite.
        """
        rows = of_task.rows[split]
        item_ids = [of_task.item_ids[row] for row in rows]
        scaled = torch.from_numpy(unit_length(self.features[rows], item_ids, self.dataset))
        return Examples(scaled.to(device), torch.from_numpy(of_task.target[rows]).to(device))
