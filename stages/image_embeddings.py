"""Images to features of the backbone that is to be enhanced (paper 3.2)."""

from functools import partial
from pathlib import Path

from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.params import Params
from pacl_core.models.frozen import load_frozen
from pacl_core.models.local_files import link_weights
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    link_weights({"backbone": params.backbone.weights})
    machine, precision = runtime(), params.image_embeddings.precision
    key = encoding_key(PAIRS, ("pixel_hash",), params.backbone, machine=machine) | {"precision": precision}
    load = partial(load_frozen, params.backbone, machine.device, precision)
    with scratch("image_embeddings", key) as folder, engine(load, machine) as workers:
        images = encode_images(workers, PAIRS, folder / "images")
        write_vectors(Path("data/embeddings/image"), PAIRS, images.rows, dim=images.dim)


if __name__ == "__main__":
    run("image_embeddings", main)
