"""Any transformers sequence classifier, from a local folder or a pinned hub revision.

The published run used j-hartmann/emotion-english-distilroberta-base: anger, disgust, fear, joy, neutral,
sadness, surprise, in the order of its `id2label`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.models.classifiers import Classifier, probabilities
from pacl_core.models.text_encoders.hf import HfEncoder
from pacl_core.models.text_encoders.hf import load_classifier as load_encoder
from pacl_core.params.clips import ClassifierParams
from pacl_core.params.models import TextEncoderParams

_NEUTRAL = "neutral"


@dataclass(frozen=True)
class HfClassifier:
    """`classes` in the order of the logits."""

    encoder: HfEncoder
    classes: tuple[str, ...]

    @property
    def dim(self) -> int:
        return len(self.classes)

    @property
    def pads(self) -> bool:
        return self.encoder.pads

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, classes]` float32 logits; texts beyond `max_length` tokens are cut."""
        return self.encoder.encode_texts(texts)

    def neutral(self, logits: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """`[N]` softmax probability of the class called neutral, whatever its case; None without one."""
        named = [name.lower() for name in self.classes]
        if _NEUTRAL not in named:
            return None
        shares: NDArray[np.float32] = probabilities(logits)[:, named.index(_NEUTRAL)].astype(np.float32)
        return shares


def load(params: ClassifierParams, device: str) -> Classifier:
    """Load from the folder or hub revision that `params.weights` names.

    Raises `UserError` as text encoders do, also where the weights have no classifying layer, or one class.
    """
    encoder = load_encoder(
        TextEncoderParams(
            kind="hf",
            name=params.name,
            weights=params.weights,
            sha256=params.sha256,
            max_length=params.max_length,
            precision=params.precision,
        ),
        device,
    )
    labels = encoder.model.config.id2label
    classes = tuple(str(labels[number]) for number in sorted(labels))
    if len(classes) != encoder.dim or encoder.dim < 2:
        raise UserError(
            f"classifier '{params.name}': {encoder.dim} logits and {len(classes)} classes in its config; "
            "it needs two or more, and a name for each"
        )
    return HfClassifier(encoder, classes)
