"""The modes of a module: what updates its statistics, and what it may keep from one forward to the next."""

from typing import Literal

from torch import nn

BatchNorm = Literal["update", "frozen"]


def training_mode(module: nn.Module, batch_norm: BatchNorm) -> nn.Module:
    """Set the module up to be trained, and return it. To be called again after every `eval()`.

    `update`: BatchNorm takes the statistics of the batch, dropout is on. `frozen`: both as in evaluation
    mode. There timm's LeViT, TinyViT, EfficientFormer and EfficientViT keep what they made of their
    position biases, with its graph: a second backward would fail, and the biases would stay as they were
    for the features. These layers alone, not what is in them, are put into training mode.
    """
    if batch_norm == "update":
        return module.train()
    module.eval()
    for part in module.modules():
        if hasattr(part, "attention_bias_cache"):
            part.train()
            for inside in part.children():
                inside.eval()
    return module
