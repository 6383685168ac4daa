"""Strong pairs kept out of training: does an image find its text, and a text its image?

Other posts have the same image or the same text. They leave training too, whatever their partition;
otherwise retrieval would measure memory. Connected this way, most of a corpus is one group (3,523 of the
4,000 embedded pairs), which cannot leave as a whole. So pairs are drawn one by one, and only posts with the
image or the text of a drawn pair leave with it.
"""

from dataclasses import dataclass

import numpy as np

from pacl_core.media.image_hashes import near
from pacl_core.methods.pacl.shards.read import Hashes, Samples
from pacl_core.training.method import RowIds

GROUP = 16  # rules out a sixth of the embedded strong pairs; of an image with thousands of posts all stay
_DRAWS = 20  # tried per pair wanted; each is compared with all others
_OWN_STREAM = 0x401D  # batches are drawn from (seed, epoch, ..): a stream that is none of theirs


@dataclass(frozen=True)
class HeldOut:
    """Rows, ascending: `rows` to train on by partition, and the `held` strong ones.

    `left_out`: by partition, the number of pairs that are neither, for the image or text of one that is held.
    """

    rows: dict[str, RowIds]
    held: RowIds
    left_out: dict[str, int]


def hold_out(samples: Samples, count: int, *, distance: int, seed: int) -> HeldOut:
    """Hold out `count` strong pairs, drawn by `seed`, and all that share an image or a text with them.

    Two images are the same if their pixels are, or if their perceptual hashes differ in at most `distance`
    bits. No two held-out pairs share an image or a text. A pair is passed over if more than `GROUP` pairs
    would leave with it (itself included), or more than a third of any partition in total: something has to
    remain to train on. So fewer than `count` may be held out. Each drawn pair takes one pass over the hashes.
    """
    ends = np.array([rows.stop for rows in samples.rows.values()])
    room = np.array([len(rows) // 3 for rows in samples.rows.values()])
    taken = np.zeros_like(room)
    gone = np.zeros(len(samples.sample_ids), np.bool_)
    held: list[int] = []
    strong = samples.rows["strong"]
    drawn = np.random.default_rng((seed, _OWN_STREAM)).permutation(len(strong))[: _DRAWS * count]
    for row in (strong.start + drawn).tolist():
        if len(held) == count:
            break
        if gone[row]:
            continue
        group = alike(samples.hashes, row, distance)
        fresh = group[~gone[group]]
        after = taken + np.bincount(np.searchsorted(ends, fresh, side="right"), minlength=len(ends))
        if len(group) <= GROUP and (after <= room).all():
            gone[group], taken = True, after
            held.append(row)
    kept = {
        name: rows.start + np.flatnonzero(~gone[rows.start : rows.stop])
        for name, rows in samples.rows.items()
    }
    left_out = dict(zip(samples.rows, taken.tolist(), strict=True))
    left_out["strong"] -= len(held)
    return HeldOut(kept, np.sort(np.array(held, np.int64)), left_out)


def alike(hashes: Hashes, row: int, distance: int) -> RowIds:
    """Rows with the pixels, nearly the image, or the text of `row`; it is one of them."""
    same = near(hashes.perceptual, hashes.perceptual[row], distance)
    for own in (hashes.pixels, hashes.texts):
        same |= own == own[row]
    return np.flatnonzero(same)
