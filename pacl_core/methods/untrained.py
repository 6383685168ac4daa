"""A CLIP to start from where nobody has weights: small, of random weights, in the form of open_clip's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors.torch import save_file

from pacl_core.models.local_files import CONFIG
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams

_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's
UNTRAINED: dict[str, dict[str, Any]] = {
    "tiny-vit": {
        "embed_dim": 64,
        "vision_cfg": {"image_size": 112, "layers": 4, "width": 64, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
    }
}
"""Architectures by the name that params give them."""


@contextmanager
def with_weights(params: BackboneParams, *, seed: int = 0) -> Iterator[BackboneParams]:
    """`params` as they are, or with random weights by `seed` where they name one of `UNTRAINED` and none.

    These are the same for the same seed, in a folder that is gone afterwards.
    """
    if params.kind != "open_clip" or params.weights is not None or params.name not in UNTRAINED:
        yield params
        return
    with TemporaryDirectory() as folder:
        write_untrained(Path(folder), UNTRAINED[params.name], seed=seed)
        yield params.model_copy(update={"weights": folder})


def write_untrained(folder: Path, architecture: dict[str, Any], *, seed: int) -> None:
    """Write an architecture as `UNTRAINED` has it into an existing folder, in the form of open_clip."""
    from pacl_core.models.open_clip_model import ClipModel, fresh_network  # loads open_clip, for seconds

    size = architecture["vision_cfg"]["image_size"]
    described = {"mean": _MEAN, "std": _STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    config = {"model_cfg": architecture, "preprocess_cfg": described | {"size": size}}
    shown = Preprocess(size=size, resize=size, mode="shortest", interpolation="bicubic", mean=_MEAN, std=_STD)
    network = fresh_network(ClipModel(None, None, shown, config, ""), seed=seed)
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    save_file(dict(network.state_dict()), folder / "open_clip_model.safetensors")
