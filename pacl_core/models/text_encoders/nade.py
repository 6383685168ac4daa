"""nade's emoji predictor: a text as probabilities of 151 emoji (package nade, weights with pip).

Only its fastText stage is used, loaded directly: importing the package would need LightGBM and a
compiler. Emoji probabilities are in the order of the model's numbered labels.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.errors import UserError, unknown
from pacl_core.extras import install
from pacl_core.models.weights import check_sha256, weights_file
from pacl_core.params.models import TextEncoderParams

NAME = "socialmedia_en"
_FILE = "nade_250k_hp.ftz"
_PREFIX = "__label__"


@dataclass(frozen=True)
class NadeEncoder:
    """fastText over lower-cased words and punctuation; a text's vector does not depend on its batch."""

    model: Any
    columns: dict[str, int]
    pads: bool = False

    @property
    def dim(self) -> int:
        return len(self.columns)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, 151]` float32 probabilities."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        # one by one: for a list of texts this build of fastText returns labels without probabilities
        for row, text in enumerate(preprocess(texts)):
            labels, probabilities = self.model.predict(text, k=self.dim)
            vectors[row, [self.columns[label] for label in labels]] = probabilities
        return vectors


def preprocess(texts: Sequence[str]) -> list[str]:
    """Space around punctuation, single spaces, lower case: the same operations as `Nade.preprocess`."""
    column = pa.array(texts, type=pa.string())
    column = pc.replace_substring_regex(column, r"\s*([\p{P}]+)\s*", r" \1 ")
    column = pc.replace_substring_regex(column, r"\s+", " ")
    cleaned: list[str] = pc.utf8_trim_whitespace(pc.utf8_lower(column)).to_pylist()
    return cleaned


def load(params: TextEncoderParams, device: str) -> NadeEncoder:
    """The embedded model, or the .ftz file that `weights` names. It always runs on the CPU."""
    if params.name != NAME:
        raise unknown("nade model", params.name, [NAME])
    if params.precision != "float32":
        raise UserError("text encoder kind nade: fastText knows no bfloat16; set precision to float32")
    try:
        import fasttext
    except ImportError:
        raise UserError(
            f"text encoder kind nade: fasttext-predict is missing; {install('embedded')}"
        ) from None
    path = (
        _embedded()
        if params.weights is None
        else weights_file(params.weights, None, [_FILE], hint="give the .ftz file")
    )
    check_sha256(path, params.sha256)
    try:
        model = fasttext.load_model(str(path))
    except ValueError as error:
        raise UserError(f"{path}: not a fastText model ({error})") from None
    labels, _ = model.predict("any text", k=100_000, threshold=-1.0)  # every label, however improbable
    ordered = sorted(labels, key=lambda label: int(label.removeprefix(_PREFIX)))
    return NadeEncoder(model, {label: column for column, label in enumerate(ordered)})


def _embedded() -> Path:
    spec = importlib.util.find_spec("nade")  # finds the folder without running the package
    path = Path(spec.origin).parent / "data" / NAME / _FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UserError("text encoder kind nade: nade is missing; pip install --no-deps nade")
    return path
