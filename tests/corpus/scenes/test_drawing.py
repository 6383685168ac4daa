"""Scenes as images: everything inside, the face whole and in front, the same bytes each time."""

import io
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pacl_core.corpus.openmoji.glyphs import Glyph
from pacl_core.corpus.scenes.cast import Cast
from pacl_core.corpus.scenes.drawing import Scene, arrange, draw
from pacl_core.corpus.scenes.posts import ScenePost
from pacl_core.corpus.scenes.recipe import Drawing


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), pixels=st.integers(32, 300), least=st.floats(0.1, 0.9))
def test_boxes_are_inside_and_have_the_recipes_sizes(seed: int, pixels: int, least: float) -> None:
    glyph = Glyph("1F32E", "1F32E", ("taco",), None)
    drawing = Drawing(pixels=pixels, thing=(least, 1), face=(least / 2, least), ground=(0, 1))
    scene = arrange(glyph, glyph, drawing=drawing, rng=random.Random(seed))
    for (left, top, side), (small, large) in (
        (scene.thing_box, drawing.thing),
        (scene.face_box, drawing.face),
    ):
        assert 0 <= left <= pixels - side and 0 <= top <= pixels - side
        assert small * pixels - 1 <= side <= large * pixels + 1
    assert scene == arrange(glyph, glyph, drawing=drawing, rng=random.Random(seed))


def test_the_ground_shows_and_both_glyphs_are_on_it(players: Cast) -> None:
    thing, face = players.things["corpus"][0], players.faces["corpus"][0]
    scene = Scene(thing, face, (0, 0, 60), (64, 64, 56), (10, 200, 30))
    with Image.open(io.BytesIO(draw(scene, 120))) as image:
        assert image.size == (120, 120)
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels[:60, 64:] == scene.ground).all()  # nobody is there
    for part in (pixels[:60, :60], pixels[64:, 64:]):
        assert (part != scene.ground).any(axis=2).mean() > 0.1
    assert draw(scene, 120) == draw(scene, 120)


def test_a_face_is_mostly_next_to_the_thing(posts: list[ScenePost]) -> None:
    hidden = []
    for post in posts[:500]:
        (left, top, side), (x, y, size) = post.scene.thing_box, post.scene.face_box
        width = max(0, min(left + side, x + size) - max(left, x))
        height = max(0, min(top + side, y + size) - max(top, y))
        hidden.append(width * height / side**2)
    assert np.median(hidden) < 0.15 and np.quantile(hidden, 0.95) < 0.3
