"""Readers of corpora, found by file name.

A reader is a module here with `read(params)`, which yields every input of the corpus at `params.path`, in a
fixed order, as a `Post` (sample_id, image bytes, text, extras) or a `Rejected`. No other file changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from pacl_core.errors import unknown
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams

PROVENANCE = "provenance"


@dataclass(frozen=True)
class Post:
    """An image-text post as found: `image` is the file's bytes, undecoded; `sample_id` the corpus' own id.

    `extras`: other values that the corpus has for it, stored with the pair. No model or stage reads them,
    except `provenance`, which has a column of its own and against which the partition is scored.
    """

    sample_id: str
    image: bytes
    text: str
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def provenance(self) -> str | None:
        return self.extras.get(PROVENANCE)


def read_posts(params: PairsParams) -> Iterator[Post | Rejected]:
    """The posts of the corpus that `params` name. Raises `UserError`: unknown reader, missing path."""
    known = [module.name for module in iter_modules(__path__)]
    if params.reader not in known:
        raise unknown("reader", params.reader, known)
    posts: Iterator[Post | Rejected] = import_module(f"{__name__}.{params.reader}").read(params)
    return posts
