"""Posts of scenes: a known share of the texts names another thing, tells another mood, or both."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pacl_core.corpus.openmoji.glyphs import Glyph
from pacl_core.corpus.provenance import MATCHED_SCENES, SceneTruth
from pacl_core.corpus.scenes.cast import Cast, family
from pacl_core.corpus.scenes.drawing import Scene, arrange
from pacl_core.corpus.scenes.moods import MoodWords, Told
from pacl_core.corpus.scenes.recipe import SceneRecipe

_FORMS = (
    "{thing}: {mood}",
    "{mood}. {thing}",
    "my {thing}, {mood}",
    "the {thing} again! {mood}",
    "{mood} ({thing})",
)
_NAMES = 2  # of a thing: further ones are rarely what people say

One = TypeVar("One")


@dataclass(frozen=True)
class ScenePost:
    """A scene and a text that names `named` and tells `told`; `truth` is what a perfect partition finds."""

    scene: Scene
    text: str
    named: Glyph
    told: Told
    truth: SceneTruth


def scene_posts(cast: Cast, recipe: SceneRecipe) -> list[ScenePost]:
    """`recipe.posts` posts by the shares, in random order, of the corpus' things and faces.

    Things and faces take turns independently of each other, of the kind of post and of what is drawn besides.
    """
    rng = random.Random(recipe.seed)
    things, faces = cast.things["corpus"], cast.faces["corpus"]
    words = MoodWords(faces, recipe.moods)
    truths = _truths(recipe)
    rng.shuffle(truths)
    posts = []
    for truth, thing, face in zip(truths, _turns(things, rng), _turns(faces, rng), strict=False):
        factual, emotional = MATCHED_SCENES[truth]
        named = thing if factual else _other(thing, things, rng)
        told = words.draw(face, right=emotional, rng=rng)
        name = rng.choice(named.names[:_NAMES])
        text = rng.choice(_FORMS).format(thing=name, mood=told.text)
        posts.append(
            ScenePost(arrange(thing, face, drawing=recipe.drawing, rng=rng), text, named, told, truth)
        )
    return posts


def _truths(recipe: SceneRecipe) -> list[SceneTruth]:
    """Every post's, rounded so that they add up."""
    truths: list[SceneTruth] = []
    total = 0.0
    for truth in SceneTruth:
        total += float(getattr(recipe.shares, truth.value)) * recipe.posts
        truths += [truth] * (round(total) - len(truths))
    return truths


def _turns(those: Sequence[One], rng: random.Random) -> Iterator[One]:
    """Endlessly, each once before one comes again."""
    while True:
        yield from rng.sample(those, len(those))


def _other(thing: Glyph, things: Sequence[Glyph], rng: random.Random) -> Glyph:
    """A thing of another family that shares no word with it."""
    own = _words(thing)
    while True:
        found = rng.choice(things)
        if family(found) != family(thing) and not own & _words(found):
            return found


def _words(thing: Glyph) -> set[str]:
    return {word.removesuffix("s") for name in thing.names for word in name.replace("-", " ").split()}
