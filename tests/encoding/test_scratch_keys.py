"""A change of anything that decides a result makes another key; what does not, leaves it."""

from pathlib import Path

import polars as pl
import pytest

from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.params.models import ScorerParams
from pacl_core.runtime.settings import Runtime

MACHINE = Runtime("cpu", 1, 8)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    folder.mkdir()
    frame = pl.DataFrame({"text": ["a", "b", "c", "d"], "image": [b"1" * 9, b"2" * 8, b"3" * 7, b"4" * 6]})
    frame.head(2).write_parquet(folder / "part-0.parquet")
    frame.tail(2).write_parquet(folder / "part-1.parquet")
    return folder


def scorer(weights: Path | None, **changed: str) -> ScorerParams:
    return ScorerParams(kind="open_clip", name="tiny", weights=weights and str(weights), **changed)


def key(pairs: Path, params: ScorerParams, machine: Runtime = MACHINE) -> dict[str, object]:
    return encoding_key(pairs, ("text",), params, machine=machine)


@pytest.mark.parametrize("inside", ["", "weights/deep"])
def test_the_content_of_local_weights_counts_under_the_same_path(
    pairs: Path, tmp_path: Path, inside: str
) -> None:
    file = tmp_path / inside / "model.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    named = file if not inside else tmp_path / "weights"
    file.write_bytes(b"first")
    before = key(pairs, scorer(named))
    assert key(pairs, scorer(named)) == before
    file.write_bytes(b"other")
    assert key(pairs, scorer(named)) != before


def test_rows_files_precision_batch_and_device_count(pairs: Path, tmp_path: Path) -> None:
    keys = [
        key(pairs, scorer(None)),
        key(pairs, scorer(None, precision="bfloat16")),
        key(pairs, scorer(None), Runtime("cpu", 1, 9)),
        key(pairs, scorer(None), Runtime("cuda", 1, 8)),
    ]
    whole = pl.read_parquet(pairs / "*.parquet")
    for file in pairs.iterdir():
        file.unlink()
    whole.write_parquet(pairs / "part-0.parquet")
    keys.append(key(pairs, scorer(None)))
    whole.with_columns(image=pl.lit(b"other bytes")).write_parquet(pairs / "part-0.parquet")
    keys.append(key(pairs, scorer(None)))
    whole.reverse().write_parquet(pairs / "part-0.parquet")
    keys.append(key(pairs, scorer(None)))
    assert all(one != other for place, one in enumerate(keys) for other in keys[:place])


def test_threads_and_engine_do_not(pairs: Path) -> None:
    plain = key(pairs, scorer(None))
    assert key(pairs, scorer(None), Runtime("cpu", 5, 8, engine="ray")) == plain


def test_missing_weights_are_left_to_the_loader(pairs: Path, tmp_path: Path) -> None:
    assert key(pairs, scorer(tmp_path / "nowhere"))["weights"] == {}
    assert key(pairs, scorer(None))["weights"] == {}
