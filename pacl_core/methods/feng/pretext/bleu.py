"""How near captions are to what people said: BLEU-4 of a whole set (Papineni et al. 2002), by sacrebleu.

CIDEr-D is not shown: the packages that have it and are kept up bring models of sound and speech, or Java.
"""

from collections.abc import Hashable, Sequence
from itertools import zip_longest
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from pacl_core.methods.feng.pretext.words import words


def references_of(pictures: Sequence[Hashable], captions: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    """The first row of each picture, in order, and per picture all its captions.

    `pictures` [N] says which picture each caption is of, such as by the hash of its pixels: a picture is
    described once, and compared with all that people said of it.
    """
    first: dict[Hashable, int] = {}
    said: dict[Hashable, list[str]] = {}
    for row, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        first.setdefault(picture, row)
        said.setdefault(picture, []).append(caption)
    return list(first.values()), list(said.values())


def bleu4(said: Sequence[str], references: Sequence[Sequence[str]]) -> float | None:
    """BLEU-4 in [0, 1] of a caption per picture against one or more references each, over the whole set.

    Words are those of `words`, without smoothing, so that it is 0 where no four words in a row are right.
    None for a set without a reference that has words.
    """
    pairs = [
        (" ".join(words(one)), [text for text in (" ".join(words(other)) for other in others) if text])
        for one, others in zip(said, references, strict=True)
    ]
    pairs = [(one, others) for one, others in pairs if others]
    if not pairs:
        return None
    # sacrebleu takes the first reference of every caption, then the second; None where there are fewer
    streams: list[Any] = list(zip_longest(*(others for _, others in pairs)))
    bleu = BLEU(tokenize="none", smooth_method="none", force=True)
    score: float = bleu.corpus_score([one for one, _ in pairs], streams).score / 100
    return min(score, 1.0)
