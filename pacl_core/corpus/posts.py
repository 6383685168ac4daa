"""What a reader yields: a post, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PROVENANCE = "provenance"


@dataclass(frozen=True)
class Post:
    """An image-text post as found: `image` is the file's bytes, undecoded; `key` the corpus' own id.

    `extras`: what else the corpus says of it, stored beside the pair. No model and no stage reads them, but
    for `provenance`, which has a column of its own and against which the partition is scored.
    """

    key: str
    image: bytes
    text: str
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def provenance(self) -> str | None:
        return self.extras.get(PROVENANCE)


@dataclass(frozen=True)
class Rejected:
    """An input that is no pair: where it stands, a short code, and the particulars."""

    source: str
    reason: str
    detail: str


class UnusableError(Exception):
    """A picture or text that cannot become half of a pair."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def rejected(self, source: str) -> Rejected:
        return Rejected(source, self.reason, self.detail)
