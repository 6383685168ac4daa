"""Pairs to factual scores: the cosine of image and text under an image-text model (paper 3.1).

The scorer's image vectors are kept next to the scores: ANPs are ranked without encoding images again.
"""

from functools import partial
from pathlib import Path

from pacl_core.encoding.cosines import write_scores
from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.scorers import load_scorer
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    link_weights({"scorer": params.factual_scores.scorer.weights})
    machine, scorer = runtime(), params.factual_scores.scorer
    key = encoding_key(PAIRS, ("pixel_hash", "text"), scorer, machine=machine)
    load = partial(load_scorer, scorer, machine.device)
    with scratch("factual_scores", key) as folder, engine(load, machine) as workers:
        texts = encode_texts(workers, PAIRS, folder / "texts")
        images = encode_images(workers, PAIRS, folder / "images")
        write_scores(
            Path("data/scores/factual.parquet"), PAIRS, "factual_score", left=images.rows, right=texts.rows
        )
        write_vectors(Path("data/embeddings/scorer"), PAIRS, images.rows, dim=images.dim)


if __name__ == "__main__":
    run("factual_scores", main)
