"""Examples of rebuilt positives (paper 3.3.4): the texts of weak images, early and late in training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from pacl_core.files.json_csv import read_json, write_json
from pacl_core.methods.pacl.objective import best_text
from pacl_core.training.method import RowIds

EXAMPLES = 16
_OWN_STREAM = 0x4EB1  # batches are drawn from (seed, epoch, ..): this is a random stream of its own

Examples = list[dict[str, Any]]


def example_batch(weak: RowIds, batch_size: int, seed: int) -> RowIds:
    """Weak rows drawn by `seed`, a batch of them; the same ones early and late."""
    count = min(batch_size, len(weak))
    return np.random.default_rng((seed, _OWN_STREAM)).choice(weak, count, replace=False)


def rebuilt_positives(z_v: Tensor, z_t: Tensor, sample_ids: Sequence[str]) -> Examples:
    """For the first images of a batch: the text that is their positive, and how near both texts are.

    `z_v`, `z_t` [B, dim] are unit vectors. Each row has `sample_id` (image and own text), `positive` (whose
    text), `own_similarity`, `positive_similarity`.
    """
    similarity = z_v[:EXAMPLES] @ z_t.T  # the rows that are shown, not the whole batch's
    best = best_text(similarity)
    return [
        {
            "sample_id": own,
            "positive": sample_ids[int(best[place])],
            "own_similarity": round(similarity[place, place].item(), 4),
            "positive_similarity": round(similarity[place, best[place]].item(), 4),
        }
        for place, own in enumerate(sample_ids[:EXAMPLES])
    ]


def keep(work: Path, when: str, examples: Examples) -> None:
    """Store examples, `early` or `late`, next to the checkpoints, so that they survive a kill."""
    write_json(work / f"rebuilt-{when}.json", examples)


def kept(work: Path, candidates: int) -> dict[str, Any]:
    """What training publishes: `early` and `late` examples, and how many texts they choose from."""
    found = {
        when: read_json(work / f"rebuilt-{when}.json") if candidates else [] for when in ("early", "late")
    }
    return {"candidates": candidates, **found}
