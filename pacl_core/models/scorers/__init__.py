"""Image-text scorers: an image and a text as unit vectors in one space. One file per kind."""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import unknown
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import ScorerParams

_KINDS = ("conse", "lit", "open_clip")


class ImageTextScorer(Protocol):
    """An `ImageEncoder` and a `TextEncoder` with a shared space of dimension `dim`.

    `pads`: texts are padded to the longest of a batch, so sorting by length pays.
    """

    @property
    def dim(self) -> int: ...

    @property
    def preprocess(self) -> Preprocess: ...

    @property
    def pads(self) -> bool: ...

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` of `preprocess.pixels` -> `[B, dim]`, L2-normalised."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]`, L2-normalised."""
        ...


def load_scorer(params: ScorerParams, device: str) -> ImageTextScorer:
    """Load by `params.kind` onto a torch device. Raises `UserError` where something is missing."""
    if params.kind not in _KINDS:
        raise unknown("scorer kind", params.kind, _KINDS)
    module = import_module(f"pacl_core.models.scorers.{params.kind}")
    scorer: ImageTextScorer = module.load(params, device)
    return scorer
