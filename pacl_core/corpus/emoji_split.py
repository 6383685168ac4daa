"""Which emoji train, validate and test, by group, so that variants of one never straddle a split."""

import hashlib
from collections.abc import Sequence

from pacl_core.corpus.emoji import Glyph, Sentiment
from pacl_core.corpus.emoji_recipe import EmojiRecipe


def group_sentiments(glyphs: Sequence[Glyph], min_uses: int) -> dict[str, Sentiment]:
    """Group -> counts of its most used member, where that has at least `min_uses`."""
    best: dict[str, Sentiment] = {}
    for glyph in glyphs:
        counts = glyph.sentiment
        if (
            counts
            and counts.uses >= min_uses
            and (glyph.group not in best or counts.uses > best[glyph.group].uses)
        ):
            best[glyph.group] = counts
    return best


def splits(glyphs: Sequence[Glyph], recipe: EmojiRecipe) -> dict[str, str]:
    """Group with human sentiment -> train, val or test: the order of a seeded hash, cut at the shares."""
    groups = sorted(
        group_sentiments(glyphs, recipe.min_uses), key=lambda group: _rank(recipe.split.seed, group)
    )
    test = round(recipe.split.test * len(groups))
    val = test + round(recipe.split.val * len(groups))
    names = ["test"] * test + ["val"] * (val - test) + ["train"] * (len(groups) - val)
    return dict(zip(groups, names, strict=True))


def corpus_glyphs(glyphs: Sequence[Glyph], recipe: EmojiRecipe) -> list[Glyph]:
    """Glyphs that the corpus may show or name: all but the groups of validation and test."""
    split = splits(glyphs, recipe)
    return [glyph for glyph in glyphs if split.get(glyph.group, "train") == "train"]


def _rank(seed: int, group: str) -> str:
    return hashlib.sha256(f"{seed}:{group}".encode()).hexdigest()
