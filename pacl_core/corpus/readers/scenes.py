"""Scenes of OpenMoji glyphs, a thing and a face, made by the recipe at `pairs.path`."""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.readers import PROVENANCE, Post
from pacl_core.corpus.scenes.cast import cast
from pacl_core.corpus.scenes.drawing import draw
from pacl_core.corpus.scenes.posts import scene_posts
from pacl_core.corpus.scenes.recipe import load_scene_recipe
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts by number; `extras` has what is shown: thing and face, by their code points."""
    recipe = load_scene_recipe(Path(params.path))
    for number, post in enumerate(scene_posts(cast(read_glyphs(), recipe), recipe)):
        scene = post.scene
        extras = {PROVENANCE: post.truth.value, "thing": scene.thing.stem, "face": scene.face.stem}
        yield Post(f"scene-{number:06d}", draw(scene, recipe.drawing.pixels), post.text, extras)
