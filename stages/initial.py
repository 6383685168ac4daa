"""The untouched backbone, saved like the enhanced one: the variant `initial` of the evaluation."""

from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import save_model
from stages.run import run


def main(params: Params) -> None:
    link_weights({"backbone": params.backbone.weights})
    with published_folder(Path("models/initial")) as draft:
        save_model(draft, load_backbone(params.backbone), training=None, projectors=None)


if __name__ == "__main__":
    run("initial", main)
