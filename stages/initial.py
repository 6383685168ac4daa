"""The untouched backbone, saved like the enhanced one: the variant `initial` of the evaluation."""

from dataclasses import replace
from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.methods.untrained import with_weights
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import save_model
from stages.run import run


def main(params: Params) -> None:
    link_weights({"backbone": params.backbone.weights})
    with with_weights(params.backbone) as given:
        backbone = replace(load_backbone(given), params=params.backbone)
    with published_folder(Path("models/initial")) as draft:
        save_model(draft, backbone, training=None, projectors=None)


if __name__ == "__main__":
    run("initial", main)
