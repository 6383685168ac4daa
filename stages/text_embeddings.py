"""Texts to vectors of the sentiment text encoder, computed once: training never runs it (paper 3.2)."""

from functools import partial
from pathlib import Path

from pacl_core.encoding.engine import engine
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    link_weights({"text_encoder": params.text_encoder.weights})
    machine = runtime()
    key = encoding_key(PAIRS, ("text",), params.text_encoder, machine=machine)
    load = partial(load_text_encoder, params.text_encoder, machine.device)
    with scratch("text_embeddings", key) as folder, engine(load, machine) as workers:
        texts = encode_texts(workers, PAIRS, folder / "texts")
        write_vectors(Path("data/embeddings/text"), PAIRS, texts.rows, dim=texts.dim)


if __name__ == "__main__":
    run("text_embeddings", main)
