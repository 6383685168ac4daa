"""Rendered clips of OpenMoji persons, made by the recipe at `clips.<name>.path`; nothing else is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.frames import Frames
from pacl_core.corpus.clips.players import corpus_troupe
from pacl_core.corpus.clips.rendered_recipe import RenderedRecipe, load_rendered_recipe
from pacl_core.corpus.clips.rendering import DrawnFrames, RenderedClip, arrange
from pacl_core.media.rejects import Rejected
from pacl_core.params.clips import ClipsParams


def read(params: ClipsParams) -> Iterator[Clip | Rejected]:
    """Clips by number, each a video of its own. Raises `UserError`: no recipe, no package with the glyphs."""
    recipe = load_rendered_recipe(Path(params.path))
    for number in range(recipe.clips):
        clip = _clip(number, recipe)
        name = f"rendered-{number:06d}"
        yield Clip(name, Source(name, params.path), 0.0, clip.seconds, clip.text)


@contextmanager
def open_frames(source: Source, params: ClipsParams) -> Iterator[Frames]:
    """A clip's frames, which are drawn."""
    recipe = load_rendered_recipe(Path(source.path))
    clip = _clip(int(source.name.rpartition("-")[2]), recipe)
    yield DrawnFrames(clip, recipe.size, params.image_size)


def _clip(number: int, recipe: RenderedRecipe) -> RenderedClip:
    return arrange(number, corpus_troupe(recipe), recipe)
