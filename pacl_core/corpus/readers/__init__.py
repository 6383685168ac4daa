"""Corpus forms by name. Each reader yields every input, in a fixed order, as a post or a rejection."""

from collections.abc import Iterator
from importlib import import_module

from pacl_core.corpus.posts import Post, Rejected
from pacl_core.errors import unknown
from pacl_core.params.data import PairsParams

_READERS = {
    "folder": "pacl_core.corpus.readers.folder",
    "manifest": "pacl_core.corpus.readers.manifest",
    "openmoji": "pacl_core.corpus.readers.openmoji",
}


def read_posts(params: PairsParams) -> Iterator[Post | Rejected]:
    """The posts of the corpus that `params` name. Raises `UserError`: unknown reader, missing path."""
    if params.reader not in _READERS:
        raise unknown("reader", params.reader, _READERS)
    posts: Iterator[Post | Rejected] = import_module(_READERS[params.reader]).read(params)
    return posts
