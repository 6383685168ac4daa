"""The modes of a module: whether statistics update, and what layers may cache between forward passes."""

from typing import Literal

from torch import nn

BatchNorm = Literal["update", "frozen"]


def training_mode(module: nn.Module, batch_norm: BatchNorm) -> nn.Module:
    """Set the module up for training, and return it. Call it again after every `eval()`.

    `update`: BatchNorm takes the statistics of the batch, dropout is on. `frozen`: both as in evaluation
    mode. In that mode timm's LeViT, TinyViT, EfficientFormer and EfficientViT cache what they compute from
    their position biases, with its graph: a second backward would fail, and the features would be computed
    with outdated biases. So these layers, but not the modules in them, are put into training mode.
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
