"""Pictures to features of the backbone that is to be enhanced (paper 3.2)."""

from pathlib import Path

from pacl_core.artefacts.scratch import scratch
from pacl_core.artefacts.vectors import write_vectors
from pacl_core.models.backbones import load_backbone
from pacl_core.params import Params
from pacl_core.passes.backbone import picture_features
from pacl_core.passes.key import pass_key
from pacl_core.runtime import runtime
from stages.run import run

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    machine = runtime()
    backbone = load_backbone(params.backbone)
    key = pass_key(PAIRS, ("pixel_hash",), params.backbone.model_dump(), machine.batch)
    with scratch("image_embeddings", key) as folder:
        images = picture_features(PAIRS, backbone, machine, folder)
        write_vectors(Path("data/embeddings/image"), PAIRS, images.block, backbone.dim)


if __name__ == "__main__":
    run("image_embeddings", main)
