"""The two filters: which pairs of a batch may be matches although they were not posted together.

Both compare a label of the image with a label of the text, its own or that of its best match, so two vectors
per modality (`Keys`) are enough; the `[B, B]` boolean matrices are indexed [image v, text t].
"""

from typing import NamedTuple

from torch import Tensor


class Labels(NamedTuple):
    """Pseudo-labels of a batch, `[B]` int64: `factual` of images, `emotional` of texts (paper 3.2)."""

    factual: Tensor
    emotional: Tensor


class BestMatches(NamedTuple):
    """`image_T`: the image that matches each text best, `text_V`: the text that matches each image best.

    `[B]` int64, the first one on ties, without gradient (paper Eq. 12 and 13).
    """

    image_T: Tensor
    text_V: Tensor


class Keys(NamedTuple):
    """What the filters compare: F holds where the `factual` keys of image and text agree, E likewise.

    `[B]` int64 of the images or of the texts. Paper Eq. 6, 7, 9, 10, with f_l where Eq. 6 prints f_i.
    """

    factual: Tensor
    emotional: Tensor


def best_matches(similarity: Tensor) -> BestMatches:
    """The best matches of a whole batch from its `similarity` [B, B] (images x texts)."""
    return BestMatches(best_image(similarity), best_text(similarity))


def image_keys(labels: Labels, best: BestMatches) -> Keys:
    """Of every image: its own factual label, and the emotional label of the text that matches it best."""
    return Keys(labels.factual, labels.emotional[best.text_V])


def text_keys(labels: Labels, best: BestMatches) -> Keys:
    """Of every text: the factual label of the image that matches it best, and its own emotional label."""
    return Keys(labels.factual[best.image_T], labels.emotional)


def best_text(similarity: Tensor) -> Tensor:
    """`[B]` int64: the text that matches each image best, the first one on ties (Eq. 12); no gradient."""
    return similarity.detach().argmax(dim=1)


def best_image(similarity: Tensor) -> Tensor:
    """`[B]` int64: the image that matches each text best, the first one on ties (Eq. 13); no gradient."""
    return similarity.detach().argmax(dim=0)


def factual_filter(similarity: Tensor, factual_labels: Tensor) -> Tensor:
    """F: image v may be a factual match of text t.

    `similarity` [B, B] (images x texts), `factual_labels` [B] int64 of the images. F[v, t] holds where v
    has the label of the image that matches t best (first one on ties): column t is m_f(t), row v is
    m_f^-1(v). Paper Eq. 6 and 7. No gradient passes.
    """
    return factual_labels[:, None] == factual_labels[best_image(similarity)][None, :]


def emotional_filter(similarity: Tensor, emotional_labels: Tensor) -> Tensor:
    """E: text t may be an emotional match of image v.

    `similarity` [B, B] (images x texts), `emotional_labels` [B] int64 of the texts. E[v, t] holds where t
    has the label of the text that matches v best (first one on ties): row v is m_e(v), column t is
    m_e^-1(t). Paper Eq. 9 and 10. No gradient passes.
    """
    return emotional_labels[best_text(similarity)][:, None] == emotional_labels[None, :]
