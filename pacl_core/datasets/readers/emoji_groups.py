"""Emoji as stand-ins for the sets of Feng et al.'s pretext tasks: their groups, subgroups and names.

Groups and subgroups are those of Unicode's emoji-test.txt (15.1; `emoji_groups.tsv`). Only emoji that the
emoji corpus shows are items, so that no pretext task sees one that is evaluated on. All variants of an emoji
share an `image_name`. Values are `label` or `caption`.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Literal

from pydantic import Field

from pacl_core.corpus.openmoji.glyphs import Glyph, read_glyphs, render
from pacl_core.corpus.openmoji.recipe import EmojiRecipe, corpus_glyphs, group_sentiments, load_recipe
from pacl_core.datasets.readers import Item
from pacl_core.datasets.readers.emoji_sentiment import sentiment_values
from pacl_core.media.rejects import Rejected
from pacl_core.params.section import Section

_VARIATION = "-FE0F"


class Options(Section):
    """`of`: what an item tells. `scene`: the emoji's group. `anp`: its subgroup as an adjective, with its
    group as the noun. `caption`: a name and the word for its human sentiment; an item for each name, of emoji
    whose sentiment is known. `pixels`: side of the rendered glyphs.
    """

    of: Literal["scene", "anp", "caption"]
    pixels: int = Field(256, ge=16)


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Emoji by code points. Rejected: no_group (newer than the list), no_sentiment. Raises `UserError`: no
    recipe at `path`, packages missing.
    """
    recipe = load_recipe(path)
    for glyph in corpus_glyphs(read_glyphs(), recipe):
        told = _told(glyph, recipe, options)
        if not told:
            yield _without(glyph, options)
            continue
        image = render(glyph.stem, options.pixels)
        for number, text in enumerate(told):
            item_id = f"{glyph.stem}#{number}" if options.of == "caption" else glyph.stem
            value = "caption" if options.of == "caption" else "label"
            yield Item(item_id, image, {value: text}, image_name=glyph.group)


def classes(path: Path, options: Options) -> tuple[str, ...]:
    """The labels of all items, sorted. Raises `UserError`."""
    recipe = load_recipe(path)
    glyphs = corpus_glyphs(read_glyphs(), recipe)
    return tuple(sorted({label for glyph in glyphs for label in _told(glyph, recipe, options)}))


def _told(glyph: Glyph, recipe: EmojiRecipe, options: Options) -> list[str]:
    """The labels or captions of an emoji; none where it is in no group, or its sentiment is not known."""
    if options.of == "caption":
        sentiment = _sentiments(recipe).get(glyph.group)
        word = None if sentiment is None else sentiment_values(sentiment)["polarity"]
        return [] if word is None else [f"{name}, {word}" for name in glyph.names]
    found = groups().get(glyph.stem.replace(_VARIATION, ""))
    if found is None:
        return []
    group, subgroup = found
    return [group if options.of == "scene" else f"{subgroup}_{group}"]


def _without(glyph: Glyph, options: Options) -> Rejected:
    if options.of == "caption":
        return Rejected(glyph.stem, "no_sentiment", "no judged tweets with this emoji or its variants")
    return Rejected(glyph.stem, "no_group", "not in the list of groups")


_sentiments = lru_cache(maxsize=1)(lambda recipe: group_sentiments(read_glyphs(), recipe.min_uses))


@lru_cache(maxsize=1)
def groups() -> dict[str, tuple[str, str]]:
    """Code points of an emoji without variation selectors -> its group and subgroup, in lower case."""
    table = package_files(__package__).joinpath("emoji_groups.tsv").read_text("utf-8")
    found: dict[str, tuple[str, str]] = {}
    for row in table.splitlines()[1:]:
        group, subgroup, emoji = row.split("\t")
        found |= dict.fromkeys(emoji.split(), (group.lower(), subgroup.lower()))
    return found
