"""The recipe of the scenes: a small YAML file that the corpus and its downstream data sets share."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pacl_core.corpus.provenance import MATCHED_SCENES
from pacl_core.params.section import Section, Seed, read_section


class SceneShares(Section):
    """Share of each kind of post; together 1."""

    strong: float = Field(ge=0)
    partial_emotional: float = Field(ge=0)
    partial_factual: float = Field(ge=0)
    weak: float = Field(ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(getattr(self, kind) for kind in MATCHED_SCENES)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the four shares must add up to 1, not {total:g}")
        return self


class Moods(Section):
    """How a text tells a mood. Moods are places from 0, the saddest, to 1; see `moods.py`.

    A right mood differs from the face's by at most `near`, a wrong one by at least `opposite`. `named`: share
    of the texts that tell it by the name of another face; the others have a sentence.
    """

    near: float = Field(gt=0, le=0.5)
    opposite: float = Field(gt=0, le=0.5)
    named: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.near >= self.opposite:
            raise ValueError("'near' must be below 'opposite'")
        return self


class Drawing(Section):
    """`pixels`: side of a scene. `thing`, `face`: least and greatest size, as parts of it.

    `ground`: least and greatest saturation of its colour, from 0, white, to 1.
    """

    pixels: int = Field(ge=32, le=1024)
    thing: tuple[float, float]
    face: tuple[float, float]
    ground: tuple[float, float]

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        for name, (least, most) in (("thing", self.thing), ("face", self.face)):
            if not 0 < least <= most <= 1:
                raise ValueError(f"'{name}' is the least and the greatest size, above 0 and at most 1")
        if not 0 <= self.ground[0] <= self.ground[1] <= 1:
            raise ValueError("'ground' is the least and the greatest saturation, from 0 to 1")
        return self


class ThingParts(Section):
    """Shares of the things that only the data sets show, by their split; the others are the corpus'."""

    train: float = Field(gt=0, lt=1)
    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)


class FaceParts(Section):
    """Shares of the faces that only the data set of unseen faces shows; the others are the corpus'."""

    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)


class Items(Section):
    """Number of scenes in each split of a data set."""

    train: int = Field(ge=1)
    val: int = Field(ge=1)
    test: int = Field(ge=1)


class SceneRecipe(Section):
    """Which scenes and posts are made, and what is held out. See data/corpora/scenes.yaml."""

    seed: Seed = 0
    posts: int = Field(ge=1)
    shares: SceneShares
    min_uses: int = Field(ge=1)
    moods: Moods
    drawing: Drawing
    things: ThingParts
    faces: FaceParts
    items: Items

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        if self.things.train + self.things.val + self.things.test >= 1:
            raise ValueError("things: train, val and test together must leave things for the corpus")
        if self.faces.val + self.faces.test >= 1:
            raise ValueError("faces: val and test together must leave faces for the corpus")
        return self


def load_scene_recipe(path: Path) -> SceneRecipe:
    """Read and check a recipe. Raises `UserError`, one line."""
    return read_section(
        path, SceneRecipe, "no such recipe of scenes; the project comes with one, scenes.yaml"
    )
