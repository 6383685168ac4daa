"""A saved model ready to use: images to vectors, images and class names to probabilities."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.zero_shot import CLASS, class_probabilities, ensemble, prompt_vectors
from pacl_core.files.json_csv import read_json
from pacl_core.inference.images import ImageLike, Pixels, stacked
from pacl_core.models.backbones import Backbone
from pacl_core.models.frozen import pixel_features
from pacl_core.models.joint_space import JointSpace, load_joint_space
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, load_model
from pacl_core.params.evaluation import ZeroShotParams
from pacl_core.runtime.settings import runtime

Vectors = NDArray[np.float32]
Probabilities = NDArray[np.float64]

# corpora whose images are not photographs, by reader
_DRAWN = {"openmoji": "emoji drawings", "scenes": "scenes put together from emoji drawings"}

# Mikels et al. (2005): the eight emotions of FI, which most work on images uses
EMOTIONS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")
PROMPTS = ZeroShotParams().prompts  # paper 4.5.2


@dataclass(frozen=True)
class SavedModel:
    """A backbone in evaluation mode, its preprocessing, and the space that its images share with texts.

    Images are paths, encoded bytes or Pillow images; one that cannot be read raises `UnusableError`.
    """

    folder: Path
    backbone: Backbone
    device: str
    batch: int

    @property
    def module(self) -> nn.Module:
        """Normalised float32 `[B, 3, size, size]` -> features `[B, dim]`."""
        return self.backbone.module

    @property
    def preprocess(self) -> Preprocess:
        """`pixels(image)` resizes and crops, `normalise(pixels)` makes the module's input."""
        return self.backbone.preprocess

    @property
    def dim(self) -> int:
        """Length of a feature vector."""
        return self.backbone.dim

    def caveat(self) -> str | None:
        """What the model was trained on, in words, where that is not photographs."""
        corpus = ((read_json(self.folder / CARD) or {}).get("training") or {}).get("corpus") or {}
        if corpus.get("reader") not in _DRAWN:
            return None
        what = f"{corpus['pairs']:,} pairs of texts and {_DRAWN[corpus['reader']]}"
        return f"{self.folder} was trained on {what}; do not rely on what it says about photographs"

    def embed(self, images: Iterable[ImageLike]) -> Vectors:
        """Pooled features `[N, dim]` float32, not scaled to unit length, as in the pipeline."""
        blocks = [self.features(pixels) for pixels in stacked(images, self.preprocess, self.batch)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.dim), np.float32)

    def classify(
        self,
        images: Iterable[ImageLike],
        labels: Sequence[str] = EMOTIONS,
        prompts: Sequence[str] = PROMPTS,
    ) -> Probabilities:
        """Zero-shot probabilities `[N, len(labels)]` (paper Table 3): softmax of cosine / temperature.

        Each label takes the place of [C] in the prompts; of several prompts the mean of their vectors is
        used. Raises `UserError` for a model without a way from images to texts, fewer than two labels, no
        [C].
        """
        vectors = self.class_vectors(labels, prompts)
        return self.probabilities(self.embed(images), vectors)

    def features(self, pixels: Pixels) -> Vectors:
        """Pooled features `[B, dim]` of uint8 `[B, 3, size, size]`."""
        return self._features(pixels)

    def joint(self, features: Vectors) -> Vectors:
        """Unit vectors `[N, E]` in the space shared with texts, of pooled features."""
        return self._space.images(features)

    def class_vectors(self, labels: Sequence[str], prompts: Sequence[str] = PROMPTS) -> Vectors:
        """Unit vectors `[C, E]` of class names."""
        if len(set(labels)) < 2 or len(set(labels)) < len(labels):
            raise UserError(f"labels: at least two different ones, not {list(labels)}")
        if not prompts or any(CLASS not in prompt for prompt in prompts):
            raise UserError(f"prompts: every one must hold {CLASS} where the label goes, not {list(prompts)}")
        return ensemble([prompt_vectors(self._space, prompt, labels) for prompt in prompts])

    def probabilities(self, features: Vectors, class_vectors: Vectors) -> Probabilities:
        """Softmax `[N, C]` over classes of cosine / temperature, as zero-shot evaluation computes it."""
        return class_probabilities(self.joint(features), class_vectors, self._space.scale)

    @cached_property
    def _features(self) -> Callable[[Pixels], Vectors]:
        return pixel_features(self.backbone, self.device)

    @cached_property
    def _space(self) -> JointSpace:
        space = load_joint_space(self.folder, self.device)
        if space is None:
            raise UserError(
                f"{self.folder}: no projectors and no CLIP, so its images share no space with texts; "
                "use the trained model (models/pacl)"
            )
        return space


def load_saved_model(folder: str | PathLike[str], device: str | None = None) -> SavedModel:
    """Load a saved model. Its text encoder is loaded when first needed."""
    machine = runtime()
    path = Path(folder)
    return SavedModel(path, load_model(path), device or machine.device, machine.batch)
