"""Corpus forms, found by file name.

A reader is a module here with `read(params)`, which yields every input of the corpus at `params.path`, in a
fixed order, as a `Post` (sample_id, image bytes, text, extras) or a `Rejected`. No other file changes.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from pacl_core.corpus.posts import Post
from pacl_core.errors import unknown
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read_posts(params: PairsParams) -> Iterator[Post | Rejected]:
    """The posts of the corpus that `params` name. Raises `UserError`: unknown reader, missing path."""
    known = [module.name for module in iter_modules(__path__)]
    if params.reader not in known:
        raise unknown("reader", params.reader, known)
    posts: Iterator[Post | Rejected] = import_module(f"{__name__}.{params.reader}").read(params)
    return posts
