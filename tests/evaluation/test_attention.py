"""Attention on the subject next to its share of patches: means over clips, and their interval."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pacl_core.evaluation.attention import attention_metrics, mean_resampled
from pacl_core.evaluation.metrics.intervals import interval
from pacl_core.files.tables import write_table
from pacl_core.methods.emotionclip.attention import MAPS_SCHEMA

Row = tuple[str, int, int, list[float], float, float]


def write(path: Path, rows: list[Row]) -> Path:
    columns = zip(*rows, strict=True) if rows else [[]] * len(MAPS_SCHEMA)
    write_table(path, pa.table(dict(zip(MAPS_SCHEMA.names, map(list, columns), strict=True)), MAPS_SCHEMA))
    return path


def test_means_are_over_clips_and_without_frames_that_show_no_subject(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("a", 0, 1, [0.5, 0.25], 0.5, 0.5),
        ("a", 4, 1, [0.25, 0.25], 0.25, 0.5),
        ("a", 7, 1, [0.5, 0.5], 0.0, 0.0),
        ("b", 0, 1, [0.25, 0.5], 0.75, 1.0),
        ("c", 0, 1, [0.5, 0.5], 0.0, 0.0),
        *((name, frame, 2, [0.5, 0.5], 1.0 * (frame < 7), 0.5 * (frame < 7)) for name, frame in
          (("a", 0), ("a", 4), ("a", 7), ("b", 0))),
    ]  # fmt: skip
    found = attention_metrics(write(tmp_path / "maps.parquet", rows), count=100)
    counts = {"clips": 3, "clips_with_subject": 2, "frames": 5, "frames_with_subject": 3}
    assert {name: found[name] for name in counts} == counts
    assert found["share_of_patches"] == 0.75
    first = found["layers"]["1"]
    assert (first["on_subject"], first["on_patches"], first["above_share"]) == (0.5625, 0.6875, -0.1875)
    assert (first["low"], first["high"]) == (-0.25, -0.125)  # of one clip twice
    assert found["layers"]["2"]["above_share"] == 0.5


def test_layers_are_in_their_order(tmp_path: Path) -> None:
    rows: list[Row] = [("a", 0, layer, [1.0], 1.0, 1.0) for layer in range(12, 0, -1)]
    found = attention_metrics(write(tmp_path / "maps.parquet", rows), count=100)
    assert list(found["layers"]) == [str(layer) for layer in range(1, 13)]


def test_no_maps_and_no_subject_are_no_failure(tmp_path: Path) -> None:
    nothing = {"clips_with_subject": 0, "frames_with_subject": 0, "share_of_patches": None, "layers": {}}
    found = attention_metrics(write(tmp_path / "none.parquet", []), count=100)
    assert found == {"clips": 0, "frames": 0} | nothing
    nobody: list[Row] = [("a", 0, 1, [0.5, 0.5], 0.0, 0.0)]
    found = attention_metrics(write(tmp_path / "nobody.parquet", nobody), count=100)
    assert found == {"clips": 1, "frames": 1} | nothing


def test_the_interval_of_a_mean_is_that_of_its_resamples() -> None:
    """A naive bootstrap: items drawn one by one."""
    generator = np.random.default_rng(3)
    values = generator.normal(0.2, 1.0, 40)
    drawn = [np.mean([values[generator.integers(40)] for _ in range(40)]) for _ in range(4000)]
    found = mean_resampled(values, count=4000)
    assert found.whole == pytest.approx(values.mean())
    assert np.std(found.values) == pytest.approx(np.std(drawn), rel=0.05)
    assert found.left_out is not None
    assert found.left_out[7] == pytest.approx(np.delete(values, 7).mean())
    ends = interval(found)
    assert ends == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)
    single = mean_resampled(np.array([0.3]), count=100)
    assert interval(single) == pytest.approx((0.3, 0.3))
