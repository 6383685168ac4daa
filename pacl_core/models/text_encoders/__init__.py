"""Text encoders: a text as one vector. One file per kind, always frozen and in evaluation mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import unknown
from pacl_core.params.models import TextEncoderParams

_KINDS = ("affect", "concat", "hf", "minilm", "nade", "open_clip")


class TextEncoder(Protocol):
    """`dim` of its vectors; `pads` where padding is dynamic, so that sorting by length pays."""

    @property
    def dim(self) -> int: ...

    @property
    def pads(self) -> bool: ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One batch: `[N, dim]` float32, not L2-normalised."""
        ...


@dataclass(frozen=True)
class TweetEncoder:
    """An encoder that sees tweets as BERTweet's authors normalised them."""

    encoder: TextEncoder

    @property
    def dim(self) -> int:
        return self.encoder.dim

    @property
    def pads(self) -> bool:
        return self.encoder.pads

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        from pacl_core.models.text_encoders.tweet import normalise_tweet

        return self.encoder.encode_texts([normalise_tweet(text) for text in texts])


def load_text_encoder(params: TextEncoderParams, device: str) -> TextEncoder:
    """Load by `params.kind` onto a torch device. Raises `UserError` where something is missing."""
    if params.kind not in _KINDS:
        raise unknown("text encoder kind", params.kind, _KINDS)
    module = import_module(f"pacl_core.models.text_encoders.{params.kind}")
    encoder: TextEncoder = module.load(params, device)
    return TweetEncoder(encoder) if params.normalise == "tweet" else encoder
