"""Texts encoded against encoding every text on its own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacl_core.encoding import encoded as resumable
from pacl_core.encoding.encoded import Encoded
from pacl_core.encoding.engine import engine
from pacl_core.encoding.texts import encode_texts
from pacl_core.runtime.settings import Runtime

texts = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=40
)


def vector(text: str) -> list[float]:
    """A vector that tells texts apart; the empty text has none."""
    return [float(len(text)), float(sum(map(ord, text)) % 997), 1.0] if text else [0.0, 0.0, 0.0]


class Recorder:
    """Encodes by `vector` and remembers what it was asked."""

    dim = 3

    def __init__(self, pads: bool = False, stop_after: int | None = None) -> None:
        self.pads = pads
        self.batches: list[list[str]] = []
        self.stop_after = stop_after

    @property
    def seen(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def encode_texts(self, batch: list[str]) -> np.ndarray:
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(list(batch))
        return np.array([vector(text) for text in batch], np.float32)


def table(folder: Path, *parts: list[str]) -> Path:
    """A folder of parquet files, one per list of texts."""
    (folder / "pairs").mkdir(exist_ok=True)
    for number, values in enumerate(parts):
        frame = pl.DataFrame({"text": pl.Series(values, dtype=pl.String)})
        frame.write_parquet(folder / f"pairs/part-{number}.parquet")
    return folder / "pairs"


def encode(model: Recorder, pairs: Path, batch: int, cuts: tuple[int, ...] = ()) -> Encoded:
    with engine(lambda: model, Runtime("cpu", 1, batch)) as one:
        return encode_texts(one, pairs, pairs.parent / "texts", column=None, cuts=cuts)


@pytest.mark.parametrize("pads", [True, False])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(values=texts, batch=st.integers(1, 7), cut=st.integers(0, 40))
def test_each_distinct_text_once_and_every_row_its_own(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], batch: int, cut: int, pads: bool
) -> None:
    model = Recorder(pads)
    pairs = table(tmp_path_factory.mktemp("run"), values[:cut] or values[:1], values[cut:] or values[:1])
    every = (values[:cut] or values[:1]) + (values[cut:] or values[:1])
    done = encode(model, pairs, batch, cuts=(3,))
    assert done.rows(0, len(every)).tolist() == np.array([vector(t) for t in every], np.float32).tolist()
    assert sorted(model.seen) == sorted({text for text in every if text})


def test_padding_encoders_see_the_texts_of_a_block_by_length(tmp_path: Path) -> None:
    model = Recorder(pads=True)
    encode(model, table(tmp_path, ["ccc", "a", "bb", "a"], ["dddd", "e"]), 2)
    assert model.batches == [["a", "bb"], ["ccc"], ["e", "dddd"]]


def test_a_file_is_cut_where_the_pairs_files_end(tmp_path: Path) -> None:
    model = Recorder()
    encode(model, table(tmp_path, ["a", "b", "c", "d", "e"]), 4, cuts=(0, 2, 5))
    assert model.batches == [["a", "b"], ["c", "d", "e"]]


def test_a_stopped_run_is_resumed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(resumable, "SECONDS", 0)
    values = [f"text {i}" for i in range(20)]
    pairs = table(tmp_path, values)
    with pytest.raises(KeyboardInterrupt):
        encode(Recorder(stop_after=12), pairs, 4)
    again = Recorder()
    done = encode(again, pairs, 4)
    assert again.seen == values[12:]
    assert done.rows(0, 20).tolist() == np.array([vector(t) for t in values], np.float32).tolist()
