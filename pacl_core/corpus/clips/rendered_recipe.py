"""The recipe of rendered clips: a small YAML file; and the persons of OpenMoji who play in them."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pacl_core.corpus.openmoji.glyphs import Glyph
from pacl_core.params.section import Section, Seed, read_section

# people, their gestures, activities and roles, by Unicode's blocks; professions begin with a person
_PEOPLE = (
    *((0x1F466, 0x1F469), (0x1F46E, 0x1F478), (0x1F47C, 0x1F47C), (0x1F481, 0x1F483), (0x1F486, 0x1F487)),
    *((0x1F574, 0x1F575), (0x1F57A, 0x1F57A), (0x1F645, 0x1F647), (0x1F64B, 0x1F64E), (0x1F6A3, 0x1F6A3)),
    *((0x1F6B4, 0x1F6B6), (0x1F926, 0x1F926), (0x1F930, 0x1F939), (0x1F93D, 0x1F93E), (0x1F977, 0x1F977)),
    *((0x1F9B8, 0x1F9B9), (0x1F9CD, 0x1F9CF), (0x1F9D1, 0x1F9DD), (0x1F3C2, 0x1F3C4), (0x1F3CA, 0x1F3CC)),
)
_SEVERAL = re.compile(
    r"\b(family|couple|kiss|people|women|hands|palms|selfie|feeding|holding hands|facing right|bald|hair)\b"
)


class RenderedRecipe(Section):
    """Which clips are rendered. See data/corpora/clips.yaml.

    `seconds`: least and greatest length. `size`: width and height in pixels. `person`, `thing`: least and
    greatest size, as parts of the height; `things`: least and greatest number. `speed`: least and greatest,
    in widths a second. `persons`: 2 adds one who is not marked, and of whom the text says nothing.
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


def people(glyphs: Iterable[Glyph]) -> tuple[Glyph, ...]:
    """Glyphs of one person each, one of each group of variants, by stem."""
    groups: dict[str, Glyph] = {}
    for glyph in glyphs:
        first = int(glyph.stem.split("-")[0], 16)
        if any(low <= first <= high for low, high in _PEOPLE) and not _SEVERAL.search(glyph.names[0]):
            groups.setdefault(glyph.group, glyph)
    return tuple(sorted(groups.values(), key=lambda glyph: glyph.stem))
