"""A frozen backbone over the pictures of a table."""

from pathlib import Path

from pacl_core.models.backbones import Backbone
from pacl_core.models.inference import pixel_features
from pacl_core.passes.encoded import Encoded
from pacl_core.passes.images import encode_images
from pacl_core.runtime import Runtime


def picture_features(table: Path, backbone: Backbone, machine: Runtime, scratch: Path) -> Encoded:
    """Features [U, dim] of the distinct pictures of a table with `image` and `pixel_hash`.

    Resumes from `scratch` after a kill.
    """
    return encode_images(
        table,
        backbone.preprocess.pixels,
        pixel_features(backbone, machine.device),
        backbone.dim,
        machine.batch,
        machine.workers,
        scratch,
        "images",
    )
