"""Readers of corpora of clips, found by file name.

A reader is a module here with `read(params)`, which yields every clip of the corpus at `params.path`, in a
fixed order, as a `Clip` or a `Rejected`; it opens no video. One whose videos are no files also has
`open_frames(source, params)`. No other file changes.
"""

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from pacl_core.corpus.clips.clip import Clip
from pacl_core.corpus.clips.frames import Open, open_frames
from pacl_core.errors import unknown
from pacl_core.media.rejects import Rejected
from pacl_core.params.clips import ClipsParams


def read_clips(params: ClipsParams) -> Iterator[Clip | Rejected]:
    """The clips of the corpus that `params` name. Raises `UserError`: unknown reader, missing path."""
    clips: Iterator[Clip | Rejected] = _reader(params).read(params)
    return clips


def opening(params: ClipsParams) -> Open:
    """How a video of this corpus is opened; see `frames.open_frames`."""
    own = getattr(_reader(params), "open_frames", None)
    if own is None:
        return partial(open_frames, short_side=params.image_size)
    return partial(own, params=params)


def _reader(params: ClipsParams) -> ModuleType:
    known = [module.name for module in iter_modules(__path__)]
    if params.reader not in known:
        raise unknown("reader", params.reader, known)
    return import_module(f"{__name__}.{params.reader}")
