"""Examples of rebuilt positives (paper 3.3.4): what weak images are drawn to, early and late."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pacl_core.files.json_csv import read_json, write_json
from pacl_core.methods.pacl.objective import best_text
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.averaging import averaged
from pacl_core.training.batches import Rows
from pacl_core.training.projectors import embed
from pacl_core.training.retrieval import evaluating
from pacl_core.training.state import Learner

EXAMPLES = 16
_OWN_STREAM = 0x4EB1  # batches are drawn from (seed, epoch, ..): a stream that is none of theirs
_EARLY = "rebuilt-early.json"

Examples = list[dict[str, Any]]


def example_batch(weak: Rows, batch_size: int, seed: int) -> Rows:
    """Weak rows drawn by `seed`, a batch of them; the same ones early and late."""
    count = min(batch_size, len(weak))
    return np.random.default_rng((seed, _OWN_STREAM)).choice(weak, count, replace=False)


@torch.no_grad()
def rebuilt_positives(
    learner: Learner, samples: Samples, batch: Rows, load: Callable[[Rows], Tensor]
) -> Examples:
    """Of the first images of the batch: the text that is their positive now, and how near both texts are.

    `sample_id` (image and own text), `positive` (whose text), `own_similarity`, `positive_similarity`.
    Of the averaged weights where there are such, in evaluation mode; both are undone at the end.
    """
    with evaluating(learner.model), averaged(learner.model, learner.average):
        images = load(batch)
        text_TD = torch.from_numpy(np.array(samples.texts[batch])).to(images.device)
        z_v, z_t = embed(learner.projectors, learner.features(images).float(), text_TD)
    similarity = z_v[:EXAMPLES] @ z_t.T  # the rows that are shown, not the whole batch's
    best = best_text(similarity)
    return [
        {
            "sample_id": samples.sample_ids[row],
            "positive": samples.sample_ids[batch[int(best[place])]],
            "own_similarity": round(similarity[place, place].item(), 4),
            "positive_similarity": round(similarity[place, best[place]].item(), 4),
        }
        for place, row in enumerate(batch[:EXAMPLES].tolist())
    ]


def keep_early(work: Path, examples: Examples) -> None:
    """Beside the checkpoints, for a run that is interrupted after this."""
    write_json(work / _EARLY, examples)


def early_and_late(work: Path, batch: Rows, late: Examples) -> dict[str, Any]:
    """What training publishes: `early` and `late` examples, and how many texts they choose from."""
    early = read_json(work / _EARLY) if len(batch) else []
    return {"candidates": len(batch), "early": early, "late": late}
