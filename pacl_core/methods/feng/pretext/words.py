"""Captions as numbers: words, the vocabulary of a training set, and how often each word occurs."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

PAD, SOS, EOS, UNK = range(4)
SPECIAL = ("<pad>", "<sos>", "<eos>", "<unk>")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[^\w\s]")
_LONGEST = 0.95


def words(text: str) -> list[str]:
    """`It isn't 2 o'clock!` -> it, isn't, 2, o'clock, !: lower case, English letters only."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Vocabulary:
    """`words`: the special ones, then those of the training set by frequency; a word's place is its token.

    `shortest`, `longest`: how many words a caption that is learnt from has.
    """

    words: tuple[str, ...]
    shortest: int
    longest: int

    def kept(self, text: str) -> bool:
        """Whether a caption is neither too short nor too long."""
        return self.shortest <= len(words(text)) <= self.longest

    def tokens(self, text: str) -> list[int]:
        """`<sos>`, a token per word, `<eos>`."""
        return [SOS, *(self._places.get(word, UNK) for word in words(text)), EOS]

    def text(self, tokens: Iterable[int]) -> str:
        """The words up to `<eos>`, without special ones, with spaces between them."""
        said = []
        for token in tokens:
            if token == EOS:
                break
            if token >= len(SPECIAL):
                said.append(self.words[token])
        return " ".join(said)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def to_json(self) -> dict[str, object]:
        """Every field, as `from_json` reads it."""
        return {"words": list(self.words), "shortest": self.shortest, "longest": self.longest}

    @staticmethod
    def from_json(fields: dict[str, object]) -> "Vocabulary":
        """The inverse of `to_json`."""
        return Vocabulary(**{**fields, "words": tuple(fields["words"])})  # type: ignore[arg-type]


def make_vocabulary(captions: Sequence[str], *, min_words: int, min_count: int) -> Vocabulary:
    """Of the captions of a training set. `longest` is the 95th percentile of their lengths."""
    found = [words(caption) for caption in captions]
    lengths = sorted(len(one) for one in found)
    longest = lengths[int(_LONGEST * (len(lengths) - 1))] if lengths else 0
    counts = Counter(word for one in found if min_words <= len(one) <= longest for word in one)
    frequent = sorted(
        (word for word, count in counts.items() if count >= min_count), key=lambda word: (-counts[word], word)
    )
    return Vocabulary((*SPECIAL, *frequent), min_words, longest)


def padded(captions: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """`[B, L]`: the tokens of each, `<pad>` behind the shorter ones."""
    longest = max((len(one) for one in captions), default=0)
    rows = [[*one, *[PAD] * (longest - len(one))] for one in captions]
    return np.array(rows, np.int64).reshape(len(rows), longest)


def token_bias(captions: Iterable[Sequence[int]], count: int) -> NDArray[np.float64]:
    """`[count]`: log of each token's share, minus the greatest; what logits of words start from.

    A token that never occurs counts as one that occurs once; `<sos>` and `<pad>`, which are never predicted,
    as the rarest.
    """
    counts = np.zeros(count)
    for caption in captions:
        np.add.at(counts, np.asarray(caption, np.int64), 1)
    counts[[PAD, SOS]] = 0
    seen = counts[counts > 0]
    counts = np.maximum(counts, 1)
    counts[[PAD, SOS]] = seen.min() if len(seen) else 1
    shares: NDArray[np.float64] = np.log(counts) - np.log(counts.max())
    return shares
