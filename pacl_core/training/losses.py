"""What a step says of itself."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Losses:
    """`terms`: partition -> its loss. `shares`: `<share>/<partition>` -> its share. Scalars, detached."""

    terms: dict[str, Tensor] = field(default_factory=dict)
    shares: dict[str, Tensor] = field(default_factory=dict)
