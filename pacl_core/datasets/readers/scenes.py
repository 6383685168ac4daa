"""Human sentiment of the face in a scene, from the image; the scenes show things that no training saw.

Every item has a thing that the corpus never shows or names, and no thing is in two splits. Values are those
of the reader `emoji_sentiment`, of the scene's face, and `thing` and `face` by their code points.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.scenes.cast import PARTS, Part, cast
from pacl_core.corpus.scenes.drawing import arrange, draw
from pacl_core.corpus.scenes.recipe import load_scene_recipe
from pacl_core.datasets.readers import Item
from pacl_core.datasets.readers.emoji_sentiment import sentiment_values
from pacl_core.params.section import Section


class Options(Section):
    """`faces` of val and test: `seen`, those of the corpus, or `unseen`, which training never shows.

    The scenes of train have faces of the corpus.
    """

    faces: Literal["seen", "unseen"] = "seen"


def read(path: Path, options: Options) -> Iterator[Item]:
    """The scenes of the recipe at `path`. Raises `UserError`: no recipe, packages missing."""
    recipe = load_scene_recipe(path)
    players = cast(read_glyphs(), recipe)
    for split in PARTS[1:]:
        of_faces: Part = split if options.faces == "unseen" and split != "train" else "corpus"
        things, faces = players.things[split], players.faces[of_faces]
        rng = random.Random(f"{recipe.seed}:{options.faces}:{split}")
        for number in range(getattr(recipe.items, split)):
            # in turn, each with every other before long: their numbers have no common order
            thing = things[number % len(things)]
            face = rng.choice(faces)
            scene = arrange(thing, face, drawing=recipe.drawing, rng=rng)
            assert face.sentiment is not None
            values = {**sentiment_values(face.sentiment), "thing": thing.stem, "face": face.stem}
            yield Item(f"{split}-{number:05d}", draw(scene, recipe.drawing.pixels), values, split)
