"""Other weights of the backbone's architecture, as a variant: python -m stages.variant <name>"""

from pathlib import Path

from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.other_weights import backbone_with
from pacl_core.models.saved import save_model
from stages.run import instance, run


def main(params: Params) -> None:
    name = instance("variant", "variants", params.variants, what="variant")
    link_weights({"backbone": params.backbone.weights})
    backbone = backbone_with(params.backbone, params.variants[name])
    with published_folder(Path("models") / name) as draft:
        save_model(draft, backbone, training=None, projectors=None)


if __name__ == "__main__":
    run("variant", main)
