"""Scenes as images: sizes, places and the colour of the ground are drawn at random, whatever the mood."""

import colorsys
import io
import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from pacl_core.corpus.openmoji.glyphs import Glyph, render
from pacl_core.corpus.scenes.recipe import Drawing

_TRIES = 12  # places of a face, of which the one that hides least of the thing is taken
Box = tuple[int, int, int]  # left, top, side, in pixels


@dataclass(frozen=True)
class Scene:
    """What is shown, and where. `ground`: red, green and blue, 0 to 255."""

    thing: Glyph
    face: Glyph
    thing_box: Box
    face_box: Box
    ground: tuple[int, int, int]


def arrange(thing: Glyph, face: Glyph, *, drawing: Drawing, rng: random.Random) -> Scene:
    """A scene with everything else drawn from `rng`."""
    thing_box = _box(drawing.thing, drawing.pixels, rng)
    side = _side(drawing.face, drawing.pixels, rng)
    tried = [_placed(side, drawing.pixels, rng) for _ in range(_TRIES)]
    face_box = min(tried, key=lambda box: _shared(box, thing_box))
    light = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*drawing.ground), rng.uniform(0.9, 1.0))
    red, green, blue = (round(255 * part) for part in light)
    return Scene(thing, face, thing_box, face_box, (red, green, blue))


def draw(scene: Scene, pixels: int) -> bytes:
    """The scene as PNG, `pixels` square; the face is in front."""
    canvas = Image.new("RGB", (pixels, pixels), scene.ground)
    for glyph, (left, top, side) in ((scene.thing, scene.thing_box), (scene.face, scene.face_box)):
        ink = _ink(glyph.stem, pixels).resize((side, side), Image.Resampling.LANCZOS)
        canvas.paste(ink, (left, top), ink)
    png = io.BytesIO()
    canvas.save(png, format="PNG", compress_level=1)
    return png.getvalue()


@lru_cache(maxsize=1024)
def _ink(stem: str, pixels: int) -> Image.Image:
    """The glyph alone, on nothing."""
    with Image.open(io.BytesIO(render(stem, pixels, background=None))) as image:
        return image.convert("RGBA")


def _box(sizes: tuple[float, float], pixels: int, rng: random.Random) -> Box:
    return _placed(_side(sizes, pixels, rng), pixels, rng)


def _side(sizes: tuple[float, float], pixels: int, rng: random.Random) -> int:
    return round(rng.uniform(*sizes) * pixels)


def _placed(side: int, pixels: int, rng: random.Random) -> Box:
    return rng.randint(0, pixels - side), rng.randint(0, pixels - side), side


def _shared(one: Box, other: Box) -> int:
    """Pixels that two boxes share."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[2], other[1] + other[2]) - max(one[1], other[1])
    return max(0, width) * max(0, height)
