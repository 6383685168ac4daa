"""Rendered clips: a person of OpenMoji moves over a scene of other glyphs, its box known, its name said."""

import colorsys
import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from pacl_core.corpus.clips.players import Troupe
from pacl_core.corpus.clips.rendered_recipe import RenderedRecipe
from pacl_core.corpus.openmoji.glyphs import Glyph, render
from pacl_core.media.boxes import Box, Size
from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import Frame

_FORMS = (
    "look, {a} {name}!",
    "there goes the {name}.",
    "I just saw {a} {name} here",
    "the {name} again, what a day!",
    "who is that {name}?",
)
_SWING = 0.04  # of the height, by which a person goes up and down
_STEPS = 2.0  # of that, a second


@dataclass(frozen=True)
class Walk:
    """How a person goes: from `low + left`, `top` in pixels, `speed` pixels a second to the right, and back.

    It turns round `room` pixels to the right of `low`, and there.
    """

    glyph: Glyph
    side: int
    left: float
    top: float
    speed: float
    low: int
    room: int


@dataclass(frozen=True)
class RenderedClip:
    """A clip before it is drawn. The last of `walks` is the marked person, who is in front of the other."""

    seconds: float
    text: str
    ground: tuple[int, int, int]
    things: tuple[tuple[Glyph, int, int, int], ...]  # glyph, side, left, top
    walks: tuple[Walk, ...]


def arrange(number: int, troupe: Troupe, recipe: RenderedRecipe) -> RenderedClip:
    """Clip `number` of a recipe, whatever the others are: persons take turns, all else is drawn at random."""
    persons, things = troupe.persons, troupe.things
    turn, place = divmod(number, len(persons))
    marked = random.Random(f"{recipe.seed} turn {turn}").sample(persons, len(persons))[place]
    rng = random.Random(f"{recipe.seed} clip {number}")
    name = marked.names[0]
    text = rng.choice(_FORMS).format(a="an" if name[0] in "aeiou" else "a", name=name)
    others = (
        [rng.choice([one for one in persons if one.group != marked.group])] if recipe.persons == 2 else []
    )
    light = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.05, 0.3), rng.uniform(0.9, 1.0))
    red, green, blue = (round(255 * part) for part in light)
    width, height = recipe.size
    props = []
    for _ in range(rng.randint(*recipe.things)):
        side = max(8, round(rng.uniform(*recipe.thing) * height))
        props.append((rng.choice(things), side, rng.randint(0, width - side), rng.randint(0, height - side)))
    seconds = round(rng.uniform(*recipe.seconds) * 8) / 8
    going = (*others, marked)
    parts = rng.sample(range(len(going)), len(going))  # two have half of the frame each
    walks = tuple(_walk(one, part, recipe, rng=rng) for one, part in zip(going, parts, strict=True))
    return RenderedClip(seconds, text, (red, green, blue), tuple(props), walks)


def _walk(glyph: Glyph, part: int, recipe: RenderedRecipe, *, rng: random.Random) -> Walk:
    width, height = recipe.size
    own = width // recipe.persons
    side = min(own, max(16, round(rng.uniform(*recipe.person) * height)))
    speed = rng.uniform(*recipe.speed) * width * rng.choice((-1, 1))
    low, room = part * own, own - side
    return Walk(glyph, side, rng.uniform(0, room), rng.uniform(0, height - side), speed, low, room)


class DrawnFrames:
    """The frames of a clip, drawn when they are wanted; as `frames.Frames`."""

    def __init__(self, clip: RenderedClip, size: Size, short_side: int) -> None:
        self.size = size
        self._clip = clip
        scale = min(1.0, short_side / min(size))
        self._stored = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        self._scene = Image.new("RGB", size, clip.ground)
        for glyph, side, left, top in clip.things:
            ink = _ink(glyph.stem, side)
            self._scene.paste(ink, (left, top), ink)

    def at(self, times: Iterable[float]) -> Iterator[Frame | UnusableError]:
        """The frame at each time, until the clip ends."""
        for time in times:
            if time >= self._clip.seconds:
                return
            image = self._scene.copy()
            for walk in self._clip.walks:
                ink = _ink(walk.glyph.stem, walk.side)
                image.paste(ink, self._place(walk, time), ink)
            if self._stored != self.size:
                image = image.resize(self._stored, Image.Resampling.LANCZOS)
            yield Frame(time, np.asarray(image))

    def boxes_at(self, time: float) -> list[Box] | None:
        """The marked person's, around all that is drawn of it."""
        walk = self._clip.walks[-1]
        left, top = self._place(walk, time)
        inked = _ink(walk.glyph.stem, walk.side).getbbox()
        assert inked is not None  # no glyph is empty
        return [Box(left + inked[0], top + inked[1], left + inked[2], top + inked[3])]

    def _place(self, walk: Walk, time: float) -> tuple[int, int]:
        """Where the glyph's corner is: it turns round at the sides, and goes up and down a little."""
        room = walk.room
        gone = (walk.left + walk.speed * time) % (2 * room) if room else 0
        height = self.size[1]
        swing = _SWING * height * (2 * abs((time * _STEPS) % 1 - 0.5) - 0.5)
        top = min(max(walk.top + swing, 0), height - walk.side)
        return walk.low + round(gone if gone <= room else 2 * room - gone), round(top)


@lru_cache(maxsize=512)
def _ink(stem: str, side: int) -> Image.Image:
    """The glyph alone, on nothing."""
    with Image.open(io.BytesIO(render(stem, side, background=None))) as image:
        return image.convert("RGBA")
