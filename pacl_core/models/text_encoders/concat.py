"""Several encoders that come with pip as one: vectors at unit length, times a weight, one after another.

The cosine of two texts is then the mean of the parts' cosines, weighted by the squares of the weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.models.text_encoders.affect import unit_rows
from pacl_core.params.models import TextEncoderParams

KINDS = ("affect", "minilm", "nade")


class Part(NamedTuple):
    """One encoder and the length of its vectors."""

    kind: str
    name: str
    weight: float


@dataclass(frozen=True)
class ConcatEncoder:
    """`weights`: the length of each encoder's vectors, above 0."""

    encoders: tuple[TextEncoder, ...]
    weights: tuple[float, ...]

    @property
    def dim(self) -> int:
        return sum(encoder.dim for encoder in self.encoders)

    @property
    def pads(self) -> bool:
        return any(encoder.pads for encoder in self.encoders)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32."""
        parts = [
            np.float32(weight) * unit_rows(encoder.encode_texts(texts))
            for encoder, weight in zip(self.encoders, self.weights, strict=True)
        ]
        return np.concatenate(parts, axis=1)


def read_parts(name: str) -> tuple[Part, ...]:
    """`"minilm:all-MiniLM-L6-v2 + 2 * affect:minilm-rbf16"` -> its parts. Raises `UserError`."""
    parts = []
    for written in name.split("+"):
        factor, times, model = written.rpartition("*")
        kind, _, model_name = model.strip().partition(":")
        try:
            weight = float(factor) if times else 1.0
        except ValueError:
            weight = math.nan
        if kind not in KINDS or not model_name or not (math.isfinite(weight) and weight > 0):
            raise UserError(
                f"concat text encoder '{name}': cannot read '{written.strip()}'; name it like "
                "'minilm:all-MiniLM-L6-v2 + 2 * affect:minilm-rbf16', parts joined by +, each "
                f"<weight> * <kind>:<name>, of the kinds {', '.join(KINDS)}"
            )
        parts.append(Part(kind, model_name, weight))
    return tuple(parts)


def load(params: TextEncoderParams, device: str) -> ConcatEncoder:
    """Load every part that `name` lists. Raises `UserError` as `read_parts`, and as the parts' kinds do."""
    if params.weights is not None or params.sha256 is not None:
        raise UserError("concat text encoder: its parts come with pip; set 'weights' and 'sha256' to null")
    parts = read_parts(params.name)
    as_written = {"normalise": "none"}  # for all parts together, outside
    encoders = [
        load_text_encoder(
            params.model_copy(update={"kind": part.kind, "name": part.name, **as_written}), device
        )
        for part in parts
    ]
    return ConcatEncoder(tuple(encoders), tuple(part.weight for part in parts))
