"""Strong pairs kept out of training, to see what the model retrieves among pairs that it never saw."""

import numpy as np

from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.batches import Rows


def hold_out(samples: Samples, count: int, seed: int) -> tuple[dict[str, Rows], Rows]:
    """Rows to train on by partition, and rows of strong pairs drawn by `seed`, both ascending.

    `count` of them, but never more than a third: a small corpus has to train on something.
    """
    rows = {name: np.arange(r.start, r.stop, dtype=np.int64) for name, r in samples.rows.items()}
    strong = rows["strong"]
    count = min(count, len(strong) // 3)
    drawn = np.zeros(len(strong), bool)
    drawn[np.random.default_rng((seed, _OWN_STREAM)).choice(len(strong), count, replace=False)] = True
    rows["strong"] = strong[~drawn]
    return rows, strong[drawn]


_OWN_STREAM = 0x401D  # batches are drawn from (seed, epoch, ..): a stream that is none of theirs
