"""Texts and ANPs to emotional scores: their cosine under an emotional text encoder (paper 3.1)."""

from functools import partial
from pathlib import Path

import polars as pl

from pacl_core.encoding.blocks import file_starts
from pacl_core.encoding.cosines import write_scores
from pacl_core.encoding.engine import engine
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.tables import check_same_rows
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

PAIRS = Path("data/pairs")
ANPS = Path("data/scores/anps.parquet")
OUT = Path("data/scores/emotional.parquet")


def main(params: Params) -> None:
    link_weights({"emotional_encoder": params.emotional_scores.text_encoder.weights})
    machine, encoder = runtime(), params.emotional_scores.text_encoder
    check_same_rows([PAIRS, ANPS])
    key = [
        encoding_key(PAIRS, ("text",), encoder, machine=machine),
        encoding_key(ANPS, ("anps",), encoder, machine=machine),
    ]
    load = partial(load_text_encoder, encoder, machine.device)
    with scratch("emotional_scores", key) as folder, engine(load, machine) as workers:
        texts = encode_texts(workers, PAIRS, folder / "texts")
        joined = pl.col("anps").list.join(", ")
        phrases = encode_texts(workers, ANPS, folder / "anp_phrases", column=joined, cuts=file_starts(PAIRS))
        write_scores(OUT, PAIRS, "emotional_score", left=phrases.rows, right=texts.rows)


if __name__ == "__main__":
    run("emotional_scores", main)
