"""Who plays in rendered clips: persons of OpenMoji, smileys, and the things behind them."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from pacl_core.corpus.clips.rendered_recipe import RenderedRecipe
from pacl_core.corpus.openmoji.glyphs import Glyph, read_glyphs
from pacl_core.corpus.scenes.cast import is_face, is_thing, valence
from pacl_core.errors import UserError

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
_NEIGHBOURS = 10  # faces of like valence, of which a share is held out


@dataclass(frozen=True)
class Troupe:
    """Glyphs that may be shown; `persons` are those that move."""

    persons: Sequence[Glyph]
    things: Sequence[Glyph]


def corpus_troupe(recipe: RenderedRecipe) -> Troupe:
    """Who plays in the corpus. Raises `UserError`: no package with the glyphs."""
    persons, things = _stage()
    return Troupe(persons if recipe.faces is None else (*persons, *_faces(recipe)[0]), things)


def labelled_troupe(recipe: RenderedRecipe) -> Troupe:
    """Who plays in the labelled data set: smileys that the corpus never shows, each with human sentiment.

    Raises `UserError`: no package with the glyphs; a recipe that holds none out.
    """
    held_out = () if recipe.faces is None else _faces(recipe)[1]
    if not held_out:
        raise UserError("rendered clips: the recipe holds no face out, so none has labels; set 'faces'")
    return Troupe(held_out, _stage()[1])


@cache
def _stage() -> tuple[tuple[Glyph, ...], tuple[Glyph, ...]]:
    glyphs = read_glyphs()
    return people(glyphs), tuple(glyph for glyph in glyphs if is_thing(glyph))


def _faces(recipe: RenderedRecipe) -> tuple[tuple[Glyph, ...], tuple[Glyph, ...]]:
    """Smileys of the corpus, and those held out."""
    assert recipe.faces is not None
    return _parts(recipe.seed, recipe.faces.min_uses, recipe.faces.held_out)


@cache
def _parts(seed: int, min_uses: int, held_out: float) -> tuple[tuple[Glyph, ...], tuple[Glyph, ...]]:
    faces = [glyph for glyph in read_glyphs() if is_face(glyph, min_uses)]
    faces.sort(key=lambda face: (valence(face), face.stem))
    parts: tuple[list[Glyph], list[Glyph]] = ([], [])
    for start in range(0, len(faces), _NEIGHBOURS):
        near = sorted(faces[start : start + _NEIGHBOURS], key=lambda face: _rank(seed, face.stem))
        kept = len(near) - round(held_out * len(near))
        parts[0].extend(near[:kept])
        parts[1].extend(near[kept:])
    return tuple(parts[0]), tuple(parts[1])


def _rank(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def people(glyphs: Iterable[Glyph]) -> tuple[Glyph, ...]:
    """Glyphs of one person each, one of each group of variants, by stem."""
    groups: dict[str, Glyph] = {}
    for glyph in glyphs:
        first = int(glyph.stem.split("-")[0], 16)
        if any(low <= first <= high for low, high in _PEOPLE) and not _SEVERAL.search(glyph.names[0]):
            groups.setdefault(glyph.group, glyph)
    return tuple(sorted(groups.values(), key=lambda glyph: glyph.stem))
