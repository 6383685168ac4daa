"""Each picture's adjective-noun pairs: ranked by the factual scorer, or read as published (paper 3.1)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from pacl_core.artefacts.aligned import Table, batches, check_same_rows
from pacl_core.artefacts.json_file import write_json
from pacl_core.artefacts.npy_file import release
from pacl_core.artefacts.tables import table_writer
from pacl_core.artefacts.vectors import read_vectors
from pacl_core.models.anps.ontologies import read_ontology
from pacl_core.models.anps.precomputed import read_deepsentibank
from pacl_core.models.anps.zero_shot import rank_phrases
from pacl_core.models.image_text import load_scorer
from pacl_core.params import Params
from pacl_core.runtime import runtime
from stages.run import run

PAIRS = Path("data/pairs")
BATCH = 1024
SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("anps", pa.list_(pa.string())), ("anp_scores", pa.list_(pa.float32()))]
)

# rows start to stop and their sample_ids -> phrases and scores, best first
Rank = Callable[[int, list[str]], tuple[list[list[str]], list[list[float]]]]


def main(params: Params) -> None:
    rank = _zero_shot(params) if params.anps.kind == "zero_shot" else _precomputed(params)
    start = without = 0
    with table_writer(Path("data/scores/anps.parquet"), SCHEMA) as writer:
        for batch in batches(Table(PAIRS, ("sample_id",)), BATCH):
            ids = batch["sample_id"].to_pylist()
            phrases, scores = rank(start, ids)
            writer.write_table(pa.table([batch["sample_id"], phrases, scores], schema=SCHEMA))
            start += len(ids)
            without += sum(not found for found in phrases)
    write_json(Path("metrics/anps.json"), {"pictures": start, "without_anps": without})


def _zero_shot(params: Params) -> Rank:
    machine = runtime()
    phrases = read_ontology(Path(params.anps.path), params.anps.format)
    images = read_vectors(Path("data/embeddings/scorer"))
    check_same_rows([PAIRS, images.ids])
    scorer = load_scorer(params.factual_scores.scorer, machine.device)
    steps = range(0, len(phrases), machine.batch)
    vectors = np.concatenate([scorer.encode_texts(phrases[at : at + machine.batch]) for at in steps])

    def rank(start: int, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
        block = np.asarray(images.vectors[start : start + len(ids)])
        indices, scores = rank_phrases(block, vectors, params.anps.top)
        release(images.vectors)
        return [[phrases[one] for one in row] for row in indices], scores.tolist()

    return rank


def _precomputed(params: Params) -> Rank:
    published = read_deepsentibank(Path(params.anps.path))

    def rank(start: int, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
        found = [published(one) for one in ids]
        top = params.anps.top
        return [phrases[:top] for phrases, _ in found], [scores[:top] for _, scores in found]

    return rank


if __name__ == "__main__":
    run("anps", main)
