"""When a checkpoint may be continued: same shards, parameters, weights, code and libraries."""

from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.models.backbones import Backbone
from pacl_core.runtime.fingerprint import code_sha256, versions

CODE = (
    "media",
    "methods/pacl/objective",
    "methods/pacl/partitions.py",
    "methods/pacl/shards",
    "methods/pacl/training",
    "models",
    "runtime/threads.py",
    "training",
)


def training_key(
    shards: Path, backbone: Backbone, images: Vectors | None, *, params: TrainParams, device: str
) -> dict[str, object]:
    """The scratch key of a run; `images` are the stored features that warm the projectors up."""
    index = shards / "index.json"
    if not index.is_file():
        raise UserError(f"{index}: missing; run the stage that writes it ('dvc repro shards')")
    return {
        "shards": file_sha256(index),  # it has the hash of every shard
        "images": [file_sha256(images.ids.with_name(name)) for name in ("ids.parquet", "vectors.npy")]
        if images
        else None,
        "backbone": [backbone.params.model_dump(), backbone.weights_sha256],
        "params": params.model_dump(),
        "device": device,
        "code": code_sha256(*CODE),
        "libraries": versions("numpy", "open_clip_torch", "pillow", "timm", "torch", "webdataset"),
    }
