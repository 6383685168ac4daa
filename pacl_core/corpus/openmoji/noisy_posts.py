"""Noisy posts of emoji: a glyph, a caption, and how the caption was chosen."""

import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.corpus.openmoji.glyphs import Glyph, Sentiment, render
from pacl_core.corpus.openmoji.recipe import EmojiRecipe, group_sentiments
from pacl_core.corpus.provenance import Provenance
from pacl_core.errors import UserError

# words that do not describe what is drawn
_EMPTY_WORDS = frozenset(
    "a and button facing in no of off on right symbol the up with without".split()  # noqa: SIM905
)
_THUMBNAIL = 16
_HAND = 64  # other glyphs that a glyph draws captions from, out of perhaps a thousand


@dataclass(frozen=True)
class NoisyPost:
    """The image of `glyph` with `caption`, a name of `named`."""

    glyph: Glyph
    named: Glyph
    caption: str
    provenance: Provenance


def noisy_posts(glyphs: Sequence[Glyph], recipe: EmojiRecipe) -> list[NoisyPost]:
    """`recipe.posts` posts by the shares, in the order of `glyphs`.

    Kinds that need human sentiment take images and captions from the glyphs whose group has it, the others
    from all glyphs. Within a kind the glyphs take turns, and no caption of a glyph is repeated before each of
    its captions was used once. Raises `UserError` where a kind has no candidates.
    """
    allowed = _allowed(glyphs, recipe)
    rng = random.Random(recipe.seed)
    order = list(range(len(glyphs)))
    rng.shuffle(order)
    dealt: list[tuple[int, NoisyPost]] = []
    for provenance, count in _counts(recipe).items():
        choices = _choices(allowed[provenance])
        if count and not choices:
            raise UserError(f"no emoji has a caption of kind '{provenance.value}'; widen the recipe's gaps")
        turns = [place for place in order if place in choices]
        # each kind starts where the last one stopped, so that every glyph is shown
        start = len(dealt) % max(1, len(turns))
        deal = _deal(turns[start:] + turns[:start], choices, glyphs, rng=rng)
        for place, named, caption in islice(deal, count):
            dealt.append((place, NoisyPost(glyphs[place], glyphs[named], caption, provenance)))
    dealt.sort(key=lambda item: item[0])  # stable: posts of one glyph keep the order of the kinds
    return [post for _, post in dealt]


def _counts(recipe: EmojiRecipe) -> dict[Provenance, int]:
    """Posts per kind, rounded so that they add up."""
    counts, total, done = {}, 0.0, 0
    for provenance in Provenance:
        total += recipe.shares.of(provenance) * recipe.posts
        counts[provenance] = round(total) - done
        done = round(total)
    return counts


def _deal(
    turns: list[int], choices: dict[int, list[int]], glyphs: Sequence[Glyph], *, rng: random.Random
) -> Iterator[tuple[int, int, str]]:
    """Endless (image, named, caption): glyphs in turn, each dealing from a shuffled hand of captions."""
    while turns:
        hands: dict[int, list[tuple[int, str]]] = {}
        while any(hands.get(place, True) for place in turns):
            for place in turns:
                if place not in hands:
                    picked = rng.sample(choices[place], min(_HAND, len(choices[place])))
                    hands[place] = [(named, name) for named in picked for name in glyphs[named].names]
                    rng.shuffle(hands[place])
                if hands[place]:
                    named, caption = hands[place].pop()
                    yield place, named, caption


def _allowed(glyphs: Sequence[Glyph], recipe: EmojiRecipe) -> dict[Provenance, NDArray[np.bool_]]:
    """Per kind [N, N]: whether the names of glyph j may caption the image of glyph i."""
    sentiments = group_sentiments(glyphs, recipe.min_uses)
    valence = np.array([_valence(glyph, sentiments, recipe.min_uses) for glyph in glyphs])
    known = ~np.isnan(valence)
    gap = np.abs(valence[:, None] - valence[None, :])  # NaN, where one is unknown, compares as False
    same = gap <= recipe.same_gap
    above = valence > (np.median(valence[known]) if known.any() else 0)
    opposite = (gap >= recipe.opposite_gap) & (above[:, None] != above[None, :])
    groups = np.array([glyph.group for glyph in glyphs])
    other = groups[:, None] != groups[None, :]
    shared = _share_a_word(glyphs)
    alike = np.zeros_like(shared)
    if known.any():
        cosines = _cosines([glyph for glyph, is_known in zip(glyphs, known, strict=True) if is_known])
        alike[np.ix_(known, known)] = cosines >= recipe.alike
    return {
        Provenance.KEPT: np.eye(len(glyphs), dtype=bool),
        Provenance.SAME_SENTIMENT: other & ~shared & same,
        Provenance.OPPOSITE_LOOKALIKE: other & shared & alike & opposite,
        # where a sentiment is unknown, a difference cannot be checked: then only the names decide
        Provenance.RANDOM: other & ~shared & ~same,
    }


def _choices(allowed: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Place of an image -> places of the glyphs whose names may caption it, where there are any."""
    return {int(row): np.flatnonzero(allowed[row]).tolist() for row in np.flatnonzero(allowed.any(axis=1))}


def _valence(glyph: Glyph, sentiments: dict[str, Sentiment], min_uses: int) -> float:
    """The glyph's own valence, else its group's, else NaN."""
    if glyph.sentiment and glyph.sentiment.uses >= min_uses:
        return glyph.sentiment.valence
    return sentiments[glyph.group].valence if glyph.group in sentiments else float("nan")


def telling_words(glyph: Glyph) -> frozenset[str]:
    """Words of the first name that say what is drawn, without a plural's s."""
    words = glyph.names[0].replace("-", " ").split()
    return frozenset(word.removesuffix("s") for word in words if word not in _EMPTY_WORDS)


def _share_a_word(glyphs: Sequence[Glyph]) -> NDArray[np.bool_]:
    """[N, N]: whether two glyphs share a descriptive word."""
    words = [telling_words(glyph) for glyph in glyphs]
    column = {word: place for place, word in enumerate(sorted(frozenset().union(*words)))}
    has_GW = np.zeros((len(glyphs), len(column)), dtype=np.float32)
    for row, own in enumerate(words):
        has_GW[row, [column[word] for word in own]] = 1
    shared: NDArray[np.bool_] = has_GW @ has_GW.T > 0
    return shared


def _cosines(glyphs: Sequence[Glyph]) -> NDArray[np.float32]:
    """Cosine of the glyphs' inks, [N, N]: small thumbnails, white as zero."""
    inks = []
    for glyph in glyphs:
        with Image.open(io.BytesIO(render(glyph.stem, 4 * _THUMBNAIL))) as image:
            small = image.convert("RGB").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
        inks.append(255 - np.asarray(small, dtype=np.float32).ravel())
    inks_GD = np.stack(inks)
    inks_GD /= np.linalg.norm(inks_GD, axis=1, keepdims=True) + 1e-6
    cosines: NDArray[np.float32] = inks_GD @ inks_GD.T
    return cosines
