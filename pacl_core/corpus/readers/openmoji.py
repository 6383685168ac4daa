"""The embedded corpus: OpenMoji images and noisy captions, made by the recipe at `pairs.path`."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pacl_core.corpus.openmoji.glyphs import read_glyphs, render
from pacl_core.corpus.openmoji.noisy_posts import noisy_posts
from pacl_core.corpus.openmoji.recipe import corpus_glyphs, load_recipe
from pacl_core.corpus.readers import PROVENANCE, Post
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(params: PairsParams) -> Iterator[Post | Rejected]:
    """Posts in the order of the glyphs; ids like "1F600-2"."""
    recipe = load_recipe(Path(params.path))
    glyphs = corpus_glyphs(read_glyphs(), recipe)
    image = lru_cache(maxsize=1)(render)  # posts of one glyph follow each other
    numbers: Counter[str] = Counter()
    for post in noisy_posts(glyphs, recipe):
        stem = post.glyph.stem
        numbers[stem] += 1
        extras = {PROVENANCE: post.provenance.value}
        yield Post(f"{stem}-{numbers[stem]}", image(stem, params.image_size), post.caption, extras)
