"""Words for a mood: sentences of a bank, and names of faces.

Human sentiment of faces and the ratings of the bank are on scales of their own. So a mood is a *place*: the
share of the corpus' faces that are sadder than a face, the share of the bank that is sadder than a sentence.

The bank, `mood_posts.tsv`, was written for this project. Its ratings are the writers', from -1 to 1; a test
holds them against VADER, whose words people rated.
"""

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pacl_core.corpus.openmoji.glyphs import Glyph
from pacl_core.corpus.scenes.cast import valence
from pacl_core.corpus.scenes.recipe import Moods
from pacl_core.errors import UserError

BANK = Path(__file__).with_name("mood_posts.tsv")
# words in the names of faces that tell no mood
_PLAIN = frozenset("face faces with and of in from the a but eyes eye mouth white open look".split())  # noqa: SIM905


class Sentence(NamedTuple):
    """A short post of the bank, rated from -1 to 1."""

    rating: float
    text: str


class Told(NamedTuple):
    """A mood in words, and its place from 0, the saddest, to 1. `face`: whose name it is."""

    text: str
    place: float
    face: Glyph | None


@cache
def read_bank() -> tuple[Sentence, ...]:
    """Every sentence, in the file's order."""
    _, *lines = BANK.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return tuple(Sentence(float(rating), text) for rating, text in rows)


def places(values: Sequence[float]) -> NDArray[np.float64]:
    """`[N]`: the share of the others that are below, of equals half, in [0, 1]."""
    array = np.asarray(values, dtype=np.float64)
    below = (array[:, None] > array[None, :]).sum(axis=1)
    equal = (array[:, None] == array[None, :]).sum(axis=1) - 1
    shares: NDArray[np.float64] = (below + equal / 2) / max(1, len(array) - 1)
    return shares


class MoodWords:
    """Moods in words for the faces of the corpus, no face's by its own name or a word of it."""

    def __init__(self, faces: Sequence[Glyph], moods: Moods) -> None:
        bank = read_bank()
        self._moods = moods
        self._place = {
            face.stem: float(place)
            for face, place in zip(faces, places([valence(face) for face in faces]), strict=True)
        }
        self._named = [Told(name, self._place[face.stem], face) for face in faces for name in face.names]
        self._sentences = [
            Told(one.text, float(place), None)
            for one, place in zip(bank, places([one.rating for one in bank]), strict=True)
        ]

    def place(self, face: Glyph) -> float:
        """The mood of a face, from 0, the saddest of the corpus, to 1."""
        return self._place[face.stem]

    def draw(self, face: Glyph, *, right: bool, rng: random.Random) -> Told:
        """Words for the face's mood, or for an opposite one. Raises `UserError` where there are none."""
        named = rng.random() < self._moods.named
        own = telling_words(face)
        fit = [
            told
            for told in (self._named if named else self._sentences)
            if self._fits(abs(told.place - self.place(face)), right)
            and (told.face is None or (told.face != face and not own & telling_words(told.face)))
        ]
        if not fit:
            raise UserError(f"scenes: no words for the mood of '{face.names[0]}'; widen the recipe's moods")
        return rng.choice(fit)

    def _fits(self, gap: float, right: bool) -> bool:
        return gap <= self._moods.near if right else gap >= self._moods.opposite


def telling_words(face: Glyph) -> frozenset[str]:
    """Words of all its names, without those that any face has."""
    words = {word for name in face.names for word in name.replace("-", " ").split()}
    return frozenset(words - _PLAIN)
