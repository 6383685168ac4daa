"""Human sentiment of a smiley that moves over a scene: rendered clips of faces that no corpus of clips shows.

`path` is the recipe that the corpus is rendered by. Values are those of the reader `emoji_sentiment`, of the
smiley. Clips of one smiley are kept together in folds and splits.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pacl_core.corpus.clips.frames import Frames
from pacl_core.corpus.clips.players import labelled_troupe
from pacl_core.corpus.clips.rendered_recipe import load_rendered_recipe
from pacl_core.corpus.clips.rendering import DrawnFrames, RenderedClip, arrange
from pacl_core.datasets.clips import DrawnClip
from pacl_core.datasets.readers import Item
from pacl_core.datasets.readers.emoji_sentiment import sentiment_values
from pacl_core.media.boxes import Size
from pacl_core.params.section import Section


class Options(Section):
    """None."""


def read(path: Path, options: Options) -> Iterator[Item]:
    """The labelled clips of the recipe at `path`. Raises `UserError`: no recipe, one without faces, packages
    missing."""
    recipe = load_rendered_recipe(path)
    troupe = labelled_troupe(recipe)
    assert recipe.faces is not None
    for number in range(recipe.faces.items):
        clip = arrange(recipe.clips + number, troupe, recipe)  # numbers of the corpus would give its scenes
        face = clip.walks[-1].glyph
        assert face.sentiment is not None
        digest = hashlib.sha256(repr(clip).encode()).hexdigest()
        drawn = DrawnClip(digest, clip.seconds, _drawing(clip, recipe.size))
        yield Item(f"face-{number:05d}", drawn, sentiment_values(face.sentiment), image_name=face.stem)


def _drawing(clip: RenderedClip, size: Size) -> Callable[[int], Frames]:
    return lambda short_side: DrawnFrames(clip, size, short_side)
