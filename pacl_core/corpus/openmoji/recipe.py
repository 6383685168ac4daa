"""The recipe of the emoji corpus: a small YAML file that the corpus and the downstream task share."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pacl_core.corpus.openmoji.glyphs import Glyph, Sentiment
from pacl_core.corpus.provenance import Provenance
from pacl_core.params.section import Section, Seed, read_section


class Shares(Section):
    """Share of each provenance among the posts; together 1."""

    kept: float = Field(ge=0)
    same_sentiment: float = Field(ge=0)
    opposite_lookalike: float = Field(ge=0)
    random: float = Field(ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(self.of(provenance) for provenance in Provenance)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the four shares must add up to 1, not {total:g}")
        return self

    def of(self, provenance: Provenance) -> float:
        return float(getattr(self, provenance.value))


class Split(Section):
    """Shares of the groups with human sentiment in validation and test; the rest is for training."""

    seed: Seed = 0
    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        if self.val + self.test >= 1:
            raise ValueError("val and test together must leave groups for training")
        return self


class EmojiRecipe(Section):
    """Which noisy posts are made, and which emoji are held out. See data/corpora/openmoji.yaml."""

    seed: Seed = 0
    posts: int = Field(ge=1)
    shares: Shares
    min_uses: int = Field(ge=1)
    same_gap: float = Field(gt=0)
    opposite_gap: float = Field(gt=0)
    alike: float = Field(ge=0, le=1)
    split: Split


def load_recipe(path: Path) -> EmojiRecipe:
    """Read and check a recipe. Raises `UserError`, one line."""
    return read_section(
        path, EmojiRecipe, "no such recipe; the emoji corpus needs data/corpora/openmoji.yaml"
    )


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
    """Glyphs that the corpus may show or name: all except the groups of validation and test."""
    split = splits(glyphs, recipe)
    return [glyph for glyph in glyphs if split.get(glyph.group, "train") == "train"]


def _rank(seed: int, group: str) -> str:
    return hashlib.sha256(f"{seed}:{group}".encode()).hexdigest()
