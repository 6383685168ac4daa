"""Each image's adjective-noun pairs: ranked by the factual scorer, or read as published (paper 3.1)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa

from pacl_core.encoding.blocks import file_starts
from pacl_core.encoding.engine import engine
from pacl_core.encoding.phrase_ranking import encode_phrases, rank_stored
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.tables import Table, batches, check_same_rows, table_writer
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.params import Params
from pacl_core.models.anps.ontologies import read_ontology
from pacl_core.models.anps.precomputed import read_deepsentibank
from pacl_core.models.local_files import link_weights
from pacl_core.models.scorers import load_scorer
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

PAIRS = Path("data/pairs")
VECTORS = Path("data/embeddings/scorer")
BATCH = 1024
SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("anps", pa.list_(pa.string())), ("anp_scores", pa.list_(pa.float32()))]
)

# rows start to stop and their sample_ids -> phrases and scores, best first
Rank = Callable[[int, list[str]], tuple[list[list[str]], list[list[float]]]]


def main(params: Params) -> None:
    link_weights({"scorer": params.factual_scores.scorer.weights})
    start = without = 0
    ranking = _zero_shot(params) if params.anps.kind == "zero_shot" else _precomputed(params)
    with ranking as rank, table_writer(Path("data/scores/anps.parquet"), SCHEMA) as writer:
        for batch in batches(Table(PAIRS, ("sample_id",)), BATCH):
            ids = batch["sample_id"].to_pylist()
            phrases, scores = rank(start, ids)
            writer.write_table(pa.table([batch["sample_id"], phrases, scores], schema=SCHEMA))
            start += len(ids)
            without += sum(not found for found in phrases)
    write_json(Path("metrics/anps.json"), {"pictures": start, "without_anps": without})


@contextmanager
def _zero_shot(params: Params) -> Iterator[Rank]:
    machine, scorer = runtime(), params.factual_scores.scorer
    phrases = read_ontology(Path(params.anps.path), params.anps.format)
    images = read_vectors(VECTORS)
    check_same_rows([PAIRS, images.ids])
    stored = file_sha256(VECTORS / "vectors.npy")
    key = [encoding_key(PAIRS, ("sample_id",), scorer, machine=machine), phrases, params.anps.top, stored]
    load = partial(load_scorer, scorer, machine.device)
    with scratch("anps", key) as folder, engine(load, machine) as workers:
        vectors = encode_phrases(workers, phrases, folder / "phrases")
        cuts = file_starts(PAIRS)
        ranked = rank_stored(
            workers,
            VECTORS / "vectors.npy",
            vectors,
            top=params.anps.top,
            cuts=cuts,
            folder=folder / "images",
        )

        def rank(start: int, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
            found = ranked.rows(start, start + len(ids))
            return [[phrases[one] for one in row] for row in found["phrase"]], found["score"].tolist()

        yield rank


@contextmanager
def _precomputed(params: Params) -> Iterator[Rank]:
    published = read_deepsentibank(Path(params.anps.path))

    def rank(start: int, ids: list[str]) -> tuple[list[list[str]], list[list[float]]]:
        found = [published(one) for one in ids]
        top = params.anps.top
        return [phrases[:top] for phrases, _ in found], [scores[:top] for _, scores in found]

    yield rank


if __name__ == "__main__":
    run("anps", main)
