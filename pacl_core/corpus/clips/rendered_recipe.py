"""The recipe of rendered clips: a small YAML file, which their labelled data set shares."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pacl_core.params.section import Section, Seed, read_section


class HeldOutFaces(Section):
    """Smileys that people judged in at least `min_uses` tweets play too.

    Of each ten of like valence the share `held_out` is shown by the labelled data set alone, in `items`
    clips; the others by the corpus.
    """

    min_uses: int = Field(ge=1)
    held_out: float = Field(gt=0, lt=1)
    items: int = Field(ge=1)


class RenderedRecipe(Section):
    """Which clips are rendered. See data/corpora/clips.yaml.

    `seconds`: least and greatest length. `size`: width and height in pixels. `person`, `thing`: least and
    greatest size, as parts of the height; `things`: least and greatest number. `speed`: least and greatest,
    in widths a second. `persons`: 2 adds one who is not marked, and of whom the text says nothing.
    `faces`: null, or which smileys play.
    """

    seed: Seed = 0
    clips: int = Field(ge=1)
    seconds: tuple[float, float]
    size: tuple[int, int]
    persons: int = Field(default=1, ge=1, le=2)
    person: tuple[float, float]
    thing: tuple[float, float]
    things: tuple[int, int]
    speed: tuple[float, float]
    faces: HeldOutFaces | None = None

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        for name in ("seconds", "person", "thing", "things", "speed"):
            least, most = getattr(self, name)
            if not 0 <= least <= most or (name not in ("things", "speed") and least == 0):
                raise ValueError(f"'{name}' is the least and the greatest value, in this order")
        if max(self.person[1], self.thing[1]) > 1 or self.seconds[1] > 60:
            raise ValueError("persons and things are at most as high as the frame, clips at most 60 s long")
        if not all(32 <= side <= 1024 for side in self.size) or self.size[1] > self.size[0]:
            raise ValueError("'size' is a width and a height, from 32 to 1024 pixels, none higher than wide")
        return self


def load_rendered_recipe(path: Path) -> RenderedRecipe:
    """Read and check a recipe. Raises `UserError`, one line."""
    return read_section(
        path, RenderedRecipe, "no such recipe of clips; the project comes with one, clips.yaml"
    )
