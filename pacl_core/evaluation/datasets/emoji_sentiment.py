"""Human sentiment of tweets with an emoji, from its picture (Emoji Sentiment Ranking on OpenMoji glyphs).

Items are the glyphs with at least `min_uses` judged tweets; the split goes by group, so that variants
of one emoji stay together, and the groups of val and test are those that the emoji corpus leaves out.
Three tasks on the Laplace estimate of the classes' shares (Kralj Novak et al. 2015): valence
(positive minus negative share), sentiment (the three shares), polarity (the most frequent class; of
equals neutral, then positive).
"""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.emoji import Glyph, Sentiment, read_glyphs, render
from pacl_core.corpus.emoji_recipe import EmojiRecipe, load_recipe
from pacl_core.corpus.emoji_split import splits
from pacl_core.evaluation.datasets.records import DownstreamSet, Record
from pacl_core.evaluation.tasks import Task
from pacl_core.params.evaluation import DownstreamParams

CLASSES = ("negative", "neutral", "positive")
_SHARES = tuple(f"share_{name}" for name in CLASSES)
TASKS = (
    Task("valence", "regression", ("valence",), None),
    Task("sentiment", "distribution", _SHARES, CLASSES),
    Task("polarity", "single_label", ("polarity",), CLASSES),
)


def read(params: DownstreamParams) -> DownstreamSet:
    """The data set of the recipe at `params.path`. Raises `UserError`: no recipe, packages missing."""
    recipe = load_recipe(Path(params.path))
    return DownstreamSet(
        tasks=TASKS,
        scales={"valence": (-1.0, 1.0)},
        source="Emoji Sentiment Ranking 1.0 (hdl.handle.net/11356/1048); pictures of OpenMoji (openmoji.org)",
        licence="CC BY-SA 4.0 (both)",
        citation=(
            "P. Kralj Novak, J. Smailović, B. Sluban, I. Mozetič: Sentiment of Emojis. "
            "PLoS ONE 10(12): e0144296, 2015"
        ),
        records=_records(read_glyphs(), recipe, params.image_size),
    )


def _records(glyphs: tuple[Glyph, ...], recipe: EmojiRecipe, image_size: int) -> Iterator[Record]:
    split = splits(glyphs, recipe)
    for glyph in glyphs:
        if glyph.sentiment and glyph.sentiment.uses >= recipe.min_uses:
            yield Record(
                glyph.stem, render(glyph.stem, image_size), split[glyph.group], _targets(glyph.sentiment)
            )


def _targets(sentiment: Sentiment) -> dict[str, float | int]:
    counts = (sentiment.negative, sentiment.neutral, sentiment.positive)
    preference = (0, 2, 1)  # among equals
    polarity = max(range(3), key=lambda place: (counts[place], preference[place]))
    return {
        "valence": (sentiment.valence + 1) / 2,
        **dict(zip(_SHARES, sentiment.distribution, strict=True)),
        "polarity": polarity,
    }
