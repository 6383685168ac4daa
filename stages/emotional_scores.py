"""Texts and ANPs to emotional scores: their cosine under an emotional text encoder (paper 3.1)."""

from pathlib import Path

import polars as pl

from pacl_core.artefacts.aligned import check_same_rows, part_files
from pacl_core.artefacts.scratch import scratch
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params import Params
from pacl_core.passes.cosines import write_scores
from pacl_core.passes.key import pass_key
from pacl_core.passes.texts import encode_texts
from pacl_core.runtime import runtime
from stages.run import run

PAIRS = Path("data/pairs")
ANPS = Path("data/scores/anps.parquet")


def main(params: Params) -> None:
    machine = runtime()
    check_same_rows([PAIRS, ANPS])
    encoder = load_text_encoder(params.emotional_scores.text_encoder, machine.device)
    key = [
        pass_key(PAIRS, ("text",), params.emotional_scores.text_encoder.model_dump(), machine.batch),
        pass_key(ANPS, ("anps",), params.emotional_scores.text_encoder.model_dump(), machine.batch),
    ]
    columns = {
        "texts": pl.scan_parquet(part_files(PAIRS)).select("text"),
        "anp phrases": pl.scan_parquet(ANPS).select(pl.col("anps").list.join(", ")),
    }
    with scratch("emotional_scores", key) as folder:
        texts, phrases = (
            encode_texts(column, encoder.encode, encoder.dim, encoder.pads, machine.batch, folder, what)
            for what, column in columns.items()
        )
        write_scores(
            Path("data/scores/emotional.parquet"), PAIRS, "emotional_score", phrases.block, texts.block
        )


if __name__ == "__main__":
    run("emotional_scores", main)
