"""When a checkpoint may be continued: same shards, parameters, weights, code and libraries."""

from importlib.metadata import version
from pathlib import Path

from pacl_core.artefacts.code_hash import code_sha256
from pacl_core.artefacts.hashing import file_sha256
from pacl_core.artefacts.vectors import Vectors
from pacl_core.errors import UserError
from pacl_core.models.backbones import Backbone
from pacl_core.params.training import TrainParams


def training_key(
    shards: Path, backbone: Backbone, images: Vectors | None, params: TrainParams, device: str
) -> dict[str, object]:
    """The scratch key of a run; `images` are the stored features that warm the projectors up."""
    index = shards / "index.json"
    if not index.is_file():
        raise UserError(f"{index}: missing; run the stage that writes it ('dvc repro shards')")
    return {
        "shards": file_sha256(index),  # it has the hash of every shard
        "images": file_sha256(images.ids.with_name("vectors.npy")) if images else None,
        "backbone": [backbone.params.model_dump(), backbone.weights_sha256],
        "params": params.model_dump(),
        "device": device,
        "code": code_sha256("models", "objective", "shards", "training"),
        "torch": version("torch"),
    }
