"""Who plays: glyphs of things and of faces, and which of them only the data sets show."""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pacl_core.corpus.openmoji.glyphs import Glyph
from pacl_core.corpus.scenes.recipe import SceneRecipe
from pacl_core.errors import UserError

Part = Literal["corpus", "train", "val", "test"]
PARTS: tuple[Part, ...] = ("corpus", "train", "val", "test")

# smileys of Unicode 6 and 7, which the ranking's tweets could have
_FACES = {0x2639, 0x263A, 0x1F608, 0x1F47F, *range(0x1F600, 0x1F638), *range(0x1F641, 0x1F645)}
# food, plants, celebration, sports, places, animals, clothes, tools, transport: by Unicode's blocks
_THINGS = (
    *((0x1F32D, 0x1F384), (0x1F388, 0x1F393), (0x1F3A3, 0x1F3C0), (0x1F3C8, 0x1F3C9), (0x1F3CD, 0x1F3F0)),
    *((0x1F400, 0x1F43C), (0x1F451, 0x1F462), (0x1F488, 0x1F490), (0x1F4A1, 0x1F4A1), (0x1F4B0, 0x1F4FF)),
    *((0x1F525, 0x1F52E), (0x1F56F, 0x1F587), (0x1F5A5, 0x1F5FF), (0x1F680, 0x1F6A4), (0x1F6B2, 0x1F6B2)),
    *((0x1F6CB, 0x1F6FC), (0x1F94A, 0x1F96F), (0x1F980, 0x1F9CB), (0x1F9E6, 0x1F9FF), (0x1FA70, 0x1FAE0)),
    *((0x2602, 0x2604), (0x260E, 0x260E), (0x2693, 0x2693), (0x2697, 0x2697), (0x26BD, 0x26F5)),
)
# people and their parts, faces and hearts, which have a mood; signs and letters, which are no things
_NOT_THINGS = re.compile(
    r"\b(face|person|people|man|woman|baby|detective|superhero|supervillain|santa|skier|heart|hearts|kiss|hand|"
    r"leg|foot|ear|tooth|head|headstone|brain|lungs|eye|mouth|button|sign|symbol|input|keycap|circle|diamond|"
    r"triangle|star|mode|bubble|ophiuchus|cloud|coffin|urn|skull|blood|splatter|hole|shrine|"
    r"antenna|wireless|vibration|latin|bookmark|chart|currency)\b"
)


class Cast(NamedTuple):
    """Glyphs by part; no thing, family of things or face is in two. Every face has human sentiment."""

    things: dict[Part, tuple[Glyph, ...]]
    faces: dict[Part, tuple[Glyph, ...]]


def cast(glyphs: Sequence[Glyph], recipe: SceneRecipe) -> Cast:
    """Things by seeded hash of their family; faces so that each part has moods from all of the range.

    Faces have no part `train`: the data sets' training scenes have those of the corpus. Raises `UserError`
    where a part of the recipe stays empty.
    """
    faces = sorted(
        (glyph for glyph in glyphs if is_face(glyph, recipe.min_uses)),
        key=lambda glyph: (valence(glyph), glyph.stem),
    )
    things = [glyph for glyph in glyphs if is_thing(glyph)]
    found = Cast(_thing_parts(things, recipe), _face_parts(faces, recipe))
    for what, parts, needed in (
        ("thing", found.things, PARTS),
        ("face", found.faces, ("corpus", "val", "test")),
    ):
        for part in needed:
            if not parts[part]:
                raise UserError(f"scenes: no {what} is left for '{part}'; raise its share in the recipe")
    return found


def is_face(glyph: Glyph, min_uses: int) -> bool:
    """Whether it is a smiley with at least `min_uses` judged tweets."""
    codes = _codes(glyph)
    return (
        len(codes) == 1
        and codes[0] in _FACES
        and glyph.sentiment is not None
        and (glyph.sentiment.uses >= min_uses)
    )


def is_thing(glyph: Glyph) -> bool:
    """Whether it is one sign, in a block of things, whose name names one."""
    codes = _codes(glyph)
    inside = any(first <= codes[0] <= last for first, last in _THINGS)
    return len(codes) == 1 and inside and not _NOT_THINGS.search(glyph.names[0])


def family(thing: Glyph) -> str:
    """The last word of its name: green book and blue book are books."""
    return thing.names[0].replace("-", " ").split()[-1].removesuffix("s")


def valence(face: Glyph) -> float:
    """Human sentiment of tweets with the face, in [-1, 1]."""
    assert face.sentiment is not None
    return face.sentiment.valence


def _codes(glyph: Glyph) -> list[int]:
    return [int(code, 16) for code in glyph.stem.split("-") if code != "FE0F"]


def _thing_parts(things: list[Glyph], recipe: SceneRecipe) -> dict[Part, tuple[Glyph, ...]]:
    families = sorted({family(thing) for thing in things}, key=lambda name: _rank(recipe.seed, name))
    part_of: dict[str, Part] = dict.fromkeys(families, "corpus")
    share, start = 0.0, 0
    for part in PARTS[1:]:
        share += float(getattr(recipe.things, part))
        end = round(share * len(families))
        part_of.update(dict.fromkeys(families[start:end], part))
        start = end
    return {part: tuple(one for one in things if part_of[family(one)] == part) for part in PARTS}


def _face_parts(faces: list[Glyph], recipe: SceneRecipe) -> dict[Part, tuple[Glyph, ...]]:
    """`faces` by valence; of each ten neighbours the shares are taken by a seeded hash."""
    part_of: dict[str, Part] = {}
    for start in range(0, len(faces), 10):
        near = sorted(faces[start : start + 10], key=lambda face: _rank(recipe.seed, face.stem))
        test = round(recipe.faces.test * len(near))
        val = test + round(recipe.faces.val * len(near))
        for place, face in enumerate(near):
            part_of[face.stem] = "test" if place < test else "val" if place < val else "corpus"
    return {part: tuple(face for face in faces if part_of[face.stem] == part) for part in PARTS}


def _rank(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
