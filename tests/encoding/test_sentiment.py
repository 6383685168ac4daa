"""Logits and neutral shares of the texts of clips as a table, of a classifier with and without neutral."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from pacl_core.encoding.engine import engine
from pacl_core.encoding.sentiment import SENTIMENT_SCHEMA, write_sentiment
from pacl_core.encoding.texts import encode_texts
from pacl_core.models.classifiers import LogitsAndNeutral
from pacl_core.runtime.settings import Runtime

TEXTS = ["a", "bbb", "a", "cc"]


class Lengths:
    """Logits: the length of the text and its negative."""

    dim, pads, classes = 2, False, ("long", "short")

    def __init__(self, knows: bool) -> None:
        self.seen: list[str] = []
        self._knows = knows

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        return np.array([[len(text), -len(text)] for text in texts], np.float32)

    def neutral(self, logits: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return logits[:, 0] / 10 if self._knows else None


@pytest.mark.parametrize("knows", [True, False])
def test_a_row_per_clip_and_each_text_once(tmp_path: Path, knows: bool) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    ids = [f"c{place}" for place in range(len(TEXTS))]
    pq.write_table(pa.table({"sample_id": ids, "text": TEXTS}), clips / "0.parquet", write_page_checksum=True)
    model = Lengths(knows)
    with engine(lambda: LogitsAndNeutral(model), Runtime("cpu", 1, 2)) as workers:
        found = encode_texts(workers, clips, tmp_path / "texts")
        counts = write_sentiment(tmp_path / "sentiment.parquet", clips, found)
    assert model.seen == ["a", "bbb", "cc"]
    table = pq.read_table(tmp_path / "sentiment.parquet")
    assert table.schema.equals(SENTIMENT_SCHEMA)
    assert table["sample_id"].to_pylist() == ids
    assert table["logits"].to_pylist() == [[1, -1], [3, -3], [1, -1], [2, -2]]
    if knows:
        assert table["neutral"].to_pylist() == pytest.approx([0.1, 0.3, 0.1, 0.2])
        assert counts["mean_neutral"] == pytest.approx(0.175)
        assert counts["with_neutral"] == 4
    else:
        assert table["neutral"].null_count == 4
        assert counts == {"clips": 4, "logits": 2, "with_neutral": 0}
