"""Human sentiment of tweets with an emoji, from its image (Emoji Sentiment Ranking on OpenMoji glyphs).

Items are the glyphs with at least `min_uses` judged tweets; the split goes by group, so that variants
of one emoji stay together, and the groups of val and test are those that the emoji corpus leaves out.
Values are of the Laplace estimate of the classes' shares (Kralj Novak et al. 2015): `share_<class>`,
`valence` (positive minus negative share), `polarity` (the most frequent class; of equals neutral, then
positive).
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from pacl_core.corpus.openmoji.glyphs import Sentiment, read_glyphs, render
from pacl_core.corpus.openmoji.recipe import load_recipe, splits
from pacl_core.datasets.readers import Item
from pacl_core.params.section import Section

CLASSES = ("negative", "neutral", "positive")


class Options(Section):
    """`pixels`: side of the rendered glyphs."""

    pixels: int = Field(default=256, ge=16)


def read(path: Path, options: Options) -> Iterator[Item]:
    """The glyphs of the recipe at `path`. Raises `UserError`: no recipe, packages missing."""
    recipe = load_recipe(path)
    glyphs = read_glyphs()
    split = splits(glyphs, recipe)
    for glyph in glyphs:
        if glyph.sentiment and glyph.sentiment.uses >= recipe.min_uses:
            image = render(glyph.stem, options.pixels)
            yield Item(glyph.stem, image, sentiment_values(glyph.sentiment), split[glyph.group])


def sentiment_values(sentiment: Sentiment) -> dict[str, str | float | None]:
    """The values of an item, by name, from the counts of its tweets."""
    counts = (sentiment.negative, sentiment.neutral, sentiment.positive)
    preference = (0, 2, 1)  # among equals
    polarity = max(range(3), key=lambda place: (counts[place], preference[place]))
    shares = zip(CLASSES, sentiment.distribution, strict=True)
    return {
        "valence": sentiment.valence,
        **{f"share_{name}": share for name, share in shares},
        "polarity": CLASSES[polarity],
    }
