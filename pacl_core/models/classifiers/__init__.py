"""Text classifiers whose logits are a text's sentiment. One file per kind, always frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import unknown
from pacl_core.params.clips import ClassifierParams

_KINDS = ("hf_classifier", "nade")


class Classifier(Protocol):
    """A text encoder whose vectors are logits, one per class; `pads` as of a text encoder."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def dim(self) -> int: ...

    @property
    def pads(self) -> bool: ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One batch: `[N, classes]` float32 logits."""
        ...

    def neutral(self, logits: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """`[N]` probability that a text is neutral; None where the model knows no such class."""
        ...


def load_classifier(params: ClassifierParams, device: str) -> Classifier:
    """Load by `params.kind` onto a torch device. Raises `UserError` where something is missing."""
    if params.kind not in _KINDS:
        raise unknown("classifier kind", params.kind, _KINDS)
    classifier: Classifier = import_module(f"{__name__}.{params.kind}").load(params, device)
    return classifier


@dataclass(frozen=True)
class LogitsAndNeutral:
    """A classifier as a text encoder that adds one column: the probability of neutral, NaN without one."""

    classifier: Classifier

    @property
    def dim(self) -> int:
        return self.classifier.dim + 1

    @property
    def pads(self) -> bool:
        return self.classifier.pads

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, classes + 1]` float32."""
        logits = self.classifier.encode_texts(texts)
        neutral = self.classifier.neutral(logits)
        if neutral is None:
            neutral = np.full(len(logits), np.nan, np.float32)
        return np.concatenate([logits, neutral[:, None]], axis=1)


def load_with_neutral(params: ClassifierParams, device: str) -> LogitsAndNeutral:
    """As `load_classifier`, with the probability of neutral as the last column."""
    return LogitsAndNeutral(load_classifier(params, device))


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax of each row `[N, K]`, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    weights: NDArray[np.float64] = np.exp(shifted)
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
