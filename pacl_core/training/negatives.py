"""How many anchors learn nothing, for the training curves."""

from torch import Tensor

from pacl_core.methods.pacl.objective import Masks


def without_negatives(masks: Masks, own: Tensor | slice = slice(None)) -> Tensor:
    """Share of anchors, images and texts, that have no negative: their loss is 0. `own`: of these pairs."""
    images = (masks.image_negatives & ~masks.image_positives).any(dim=1)[own]
    texts = (masks.text_negatives & ~masks.text_positives).any(dim=0)[own]
    return 1 - 0.5 * images.float().mean() - 0.5 * texts.float().mean()
