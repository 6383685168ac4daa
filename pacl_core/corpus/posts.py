"""What a reader yields: a post (or else a `media.rejects.Rejected`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PROVENANCE = "provenance"


@dataclass(frozen=True)
class Post:
    """An image-text post as found: `image` is the file's bytes, undecoded; `sample_id` the corpus' own id.

    `extras`: what else the corpus says of it, stored with the pair. No model and no stage reads them, except
    `provenance`, which has a column of its own and against which the partition is scored.
    """

    sample_id: str
    image: bytes
    text: str
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def provenance(self) -> str | None:
        return self.extras.get(PROVENANCE)
