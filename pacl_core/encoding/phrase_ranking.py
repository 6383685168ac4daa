"""Ranking phrases for stored image vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block, spans
from pacl_core.encoding.encoded import Encoded, encoded
from pacl_core.encoding.engine import Engine
from pacl_core.encoding.task import Batch
from pacl_core.encoding.texts import encode_texts
from pacl_core.files.npy_file import release
from pacl_core.files.tables import write_table

BATCH = 1024  # independent of the model's: this is one matrix product


@dataclass(frozen=True)
class PhraseRanking:
    """An `EncodingTask`: rows of a .npy of image vectors, against `phrases` [P, D]; no model is needed.

    A row is a record: `phrase` [top] int32, `score` [top] float32, best first.
    """

    phrases: NDArray[np.float32]
    top: int

    def batches(self, model: object, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        vectors = np.load(block.file, mmap_mode="r", allow_pickle=False)
        rows = np.asarray(block.rows)
        for start in range(skip, len(rows), BATCH):
            places = np.arange(start, min(start + BATCH, len(rows)))
            batch = np.array(vectors[rows[places]], np.float32)
            release(vectors)
            yield Batch(places, batch)

    def prepare(self, model: object, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return inputs

    def encode(self, model: object, prepared: NDArray[np.float32]) -> NDArray[Any]:
        phrase, score = rank_phrases(prepared, self.phrases, self.top)
        record = [("phrase", np.int32, phrase.shape[1:]), ("score", np.float32, score.shape[1:])]
        ranked = np.empty(len(prepared), record)
        ranked["phrase"], ranked["score"] = phrase, score
        return ranked


def encode_phrases(engine: Engine, phrases: Sequence[str], folder: Path) -> NDArray[np.float32]:
    """Vectors [P, D] of the phrases, in their order; resumes a killed run."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "phrases.parquet"
    write_table(table, pa.table({"text": list(phrases)}))
    return encode_texts(engine, table, folder).rows(0, len(phrases))


def rank_stored(
    engine: Engine,
    vectors: Path,
    phrases: NDArray[np.float32],
    *,
    top: int,
    cuts: Sequence[int],
    folder: Path,
) -> Encoded:
    """Rank `phrases` [P, D] for every row of the .npy `vectors`; blocks end at the rows `cuts`."""
    blocks = spans(vectors, cuts)
    engine.run(PhraseRanking(phrases, top), blocks, folder, what=folder.name)
    return encoded(folder, blocks, range(cuts[-1]))


def rank_phrases(
    image_vectors: NDArray[np.float32], phrase_vectors: NDArray[np.float32], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best phrases of each image: indices `[N, top]` and cosines `[N, top]`, best first.

    `image_vectors` `[N, D]` and `phrase_vectors` `[P, D]` are unit vectors. Equal scores go by phrase
    order. With fewer than `top` phrases all of them are ranked.
    """
    # torch's product obeys torch's number of threads: the same bits on every machine of a cluster
    scores_NP = (torch.from_numpy(image_vectors) @ torch.from_numpy(phrase_vectors).T).numpy()
    indices = np.argsort(-scores_NP, axis=1, kind="stable")[:, :top]
    return indices, np.take_along_axis(scores_NP, indices, axis=1)
