"""Affect of a text, without the things it is about: MiniLM's vector, projected on human ratings of words.

The projection is linear, fitted on the ratings of VADER's lexicon (Hutto and Gilbert 2014) by
scripts/fit_affect_projection.py. The shipped one and its card are in `affect_projection/`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from pacl_core.errors import UserError
from pacl_core.models.text_encoders import TextEncoder, minilm
from pacl_core.models.weights import weights_file
from pacl_core.params.models import TextEncoderParams

SHIPPED = Path(__file__).with_name("affect_projection") / "projection.safetensors"
_NAME = re.compile(r"minilm(-rbf(?P<bases>[0-9]{1,3}))?(-pls(?P<components>[0-9]{1,3}))?")
_REACH = 2.5  # outermost bases, in standard deviations of the lexicon's predicted valence
_TENSORS = ("mean", "valence", "bias", "spread", "components")


@dataclass(frozen=True)
class Projection:
    """What was fitted to sentence vectors of unit length, `[D]`.

    Valence is `valence` `[D]` @ vector + `bias`, on the scale -1 to 1; over the lexicon its standard
    deviation is `spread`. Component k is `components` `[K, D]` @ (vector - `mean` `[D]`), of
    partial least squares. `card`: what the file says about itself.
    """

    mean: NDArray[np.float32]
    valence: NDArray[np.float32]
    bias: float
    spread: float
    components: NDArray[np.float32]
    card: dict[str, object]

    def valences(self, units_ND: NDArray[np.float32]) -> NDArray[np.float32]:
        """`[N]`: predicted ratings, about -1 to 1."""
        found: NDArray[np.float32] = units_ND @ self.valence + np.float32(self.bias)
        return found


@dataclass(frozen=True)
class AffectEncoder:
    """`bases` radial functions of valence, then the first `components`; each part has unit length.

    By the bases alone, the cosine of two texts is a bell-shaped function of the difference of their valences.
    """

    encoder: TextEncoder
    projection: Projection
    bases: int
    components: int

    @property
    def dim(self) -> int:
        return self.bases + self.components

    @property
    def pads(self) -> bool:
        return self.encoder.pads

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32."""
        units_ND = unit_rows(self.encoder.encode_texts(texts))
        parts = []
        if self.bases:
            valences = self.projection.valences(units_ND) / np.float32(self.projection.spread)
            parts.append(unit_rows(radial_basis(valences, self.bases)))
        if self.components:
            directions = self.projection.components[: self.components]
            found = (units_ND - self.projection.mean) @ directions.T
            parts.append(unit_rows(found.astype(np.float32, copy=False)))
        return np.concatenate(parts, axis=1)


def radial_basis(values: NDArray[np.float32], bases: int) -> NDArray[np.float32]:
    """`[N]` -> `[N, bases]`: Gaussians around evenly spaced centres, as wide as the centres are apart.

    Values beyond the outermost centres count as these.
    """
    centres = np.linspace(-_REACH, _REACH, bases, dtype=np.float32)
    distances = np.clip(values, -_REACH, _REACH)[:, None] - centres
    basis: NDArray[np.float32] = np.exp(-0.5 * (distances / (centres[1] - centres[0])) ** 2)
    return basis


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """`[N, D]` with rows of unit length; a row of zeros stays one."""
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def load(params: TextEncoderParams, device: str) -> AffectEncoder:
    """The shipped projection, or the file that `weights` names, over the embedded MiniLM.

    `name` says which vector: `minilm-rbf16`, `minilm-pls8` or `minilm-rbf16-pls8`, with any numbers.
    Raises `UserError` for another name and where the file or the package of MiniLM is missing.
    """
    named = _NAME.fullmatch(params.name)
    bases, components = (int(named[part] or 0) for part in ("bases", "components")) if named else (0, 0)
    if not bases + components or bases == 1:
        raise UserError(
            f"affect text encoder '{params.name}': name it minilm-rbf16 (bases of valence, 2 or more), "
            "minilm-pls8 (components), or minilm-rbf16-pls8"
        )
    hint = "null is the shipped projection; scripts/fit_affect_projection.py makes others"
    path = weights_file(params.weights or str(SHIPPED), params.sha256, ["projection.safetensors"], hint=hint)
    projection = read_projection(path)
    plain = TextEncoderParams(kind="minilm", name=minilm.NAME, precision=params.precision)
    encoder = minilm.load(plain.model_copy(update={"max_length": params.max_length}), device)
    if projection.mean.shape != (encoder.dim,):
        raise UserError(f"{path}: is of vectors of {len(projection.mean)}; {minilm.NAME} has {encoder.dim}")
    if components > (most := len(projection.components)):
        raise UserError(f"affect text encoder '{params.name}': the projection has {most} components")
    return AffectEncoder(encoder, projection, bases, components)


def read_projection(path: Path) -> Projection:
    """Read a file of the script. Raises `UserError` for another kind of file."""
    try:
        with safe_open(path, framework="np") as stored:
            card = json.loads(stored.metadata()["card"])
            mean, valence, bias, spread, components = (stored.get_tensor(name) for name in _TENSORS)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a projection ({error}); expected {', '.join(_TENSORS)} and 'card' metadata, as "
            "scripts/fit_affect_projection.py writes them"
        ) from None
    return Projection(mean, valence, float(bias[0]), float(spread[0]), components, card)
