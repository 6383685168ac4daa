"""Pairs to factual scores: the cosine of picture and text under an image-text model (paper 3.1).

The scorer's image vectors are kept beside the scores, so that ANPs are ranked without a second pass.
"""

from pathlib import Path

import polars as pl

from pacl_core.artefacts.aligned import part_files
from pacl_core.artefacts.scratch import scratch
from pacl_core.artefacts.vectors import write_vectors
from pacl_core.models.image_text import load_scorer
from pacl_core.params import Params
from pacl_core.passes.cosines import write_scores
from pacl_core.passes.images import encode_images
from pacl_core.passes.key import pass_key
from pacl_core.passes.texts import encode_texts
from pacl_core.runtime import runtime
from stages.run import run

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    machine = runtime()
    scorer = load_scorer(params.factual_scores.scorer, machine.device)
    key = pass_key(PAIRS, ("pixel_hash", "text"), params.factual_scores.scorer.model_dump(), machine.batch)
    with scratch("factual_scores", key) as folder:
        texts = encode_texts(
            pl.scan_parquet(part_files(PAIRS)).select("text"),
            scorer.encode_texts,
            scorer.dim,
            scorer.pads,
            machine.batch,
            folder,
            "texts",
        )
        images = encode_images(
            PAIRS,
            scorer.preprocess.pixels,
            scorer.encode_pixels,
            scorer.dim,
            machine.batch,
            machine.workers,
            folder,
            "images",
        )
        write_scores(Path("data/scores/factual.parquet"), PAIRS, "factual_score", images.block, texts.block)
        write_vectors(Path("data/embeddings/scorer"), PAIRS, images.block, scorer.dim)


if __name__ == "__main__":
    run("factual_scores", main)
