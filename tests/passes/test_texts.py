"""The text pass against encoding every text on its own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacl_core.passes.texts import encode_texts

texts = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=40
)


def vector(text: str) -> list[float]:
    """A vector that tells texts apart; the empty text has none."""
    return [float(len(text)), float(sum(map(ord, text)) % 997), 1.0] if text else [0.0, 0.0, 0.0]


class Recorder:
    """Encodes by `vector` and remembers what it was asked."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen: list[str] = []
        self.stop_after = stop_after

    def __call__(self, batch: list[str]) -> np.ndarray:
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        self.seen += batch
        return np.array([vector(text) for text in batch], np.float32)


def column(values: list[str]) -> pl.LazyFrame:
    return pl.LazyFrame({"text": pl.Series(values, dtype=pl.String)})


@pytest.mark.parametrize("pads", [True, False])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(values=texts, batch=st.integers(1, 7))
def test_each_distinct_text_once_and_every_row_its_own(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], batch: int, pads: bool
) -> None:
    encode = Recorder()
    done = encode_texts(column(values), encode, 3, pads, batch, tmp_path_factory.mktemp("scratch"), "texts")
    assert done.block(0, len(values)).tolist() == np.array([vector(t) for t in values], np.float32).tolist()
    assert sorted(encode.seen) == sorted({text for text in values if text})


def test_padding_encoders_see_texts_by_length(tmp_path: Path) -> None:
    encode = Recorder()
    encode_texts(column(["ccc", "a", "bb", "a"]), encode, 3, True, 2, tmp_path, "texts")
    assert encode.seen == ["a", "bb", "ccc"]


def test_a_stopped_pass_goes_on_where_it_was(tmp_path: Path) -> None:
    values = [f"text {i}" for i in range(20)]
    with pytest.raises(KeyboardInterrupt):
        encode_texts(column(values), Recorder(stop_after=12), 3, False, 4, tmp_path, "texts")
    again = Recorder()
    done = encode_texts(column(values), again, 3, False, 4, tmp_path, "texts")
    assert again.seen == values[12:]
    assert done.block(0, 20).tolist() == np.array([vector(t) for t in values], np.float32).tolist()
