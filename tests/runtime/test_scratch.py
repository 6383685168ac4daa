"""Finished pieces: kept after a failure, gone after success, stale under another key."""

from pathlib import Path

import pytest

from pacl_core.runtime.scratch import scratch


def test_work_stays_after_a_failure_and_goes_after_success(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch("pairs", {"a": 1}, tmp_path) as folder:
        (folder / "piece").write_text("done")
        raise KeyError
    with scratch("pairs", {"a": 1}, tmp_path) as again:
        assert (again / "piece").read_text() == "done"
    assert not (tmp_path / "pairs").exists()


def test_another_key_starts_afresh_and_another_stage_is_left_alone(tmp_path: Path) -> None:
    for stage in ("pairs", "shards"):
        with pytest.raises(KeyError), scratch(stage, 1, tmp_path) as folder:
            (folder / "piece").write_text("done")
            raise KeyError
    with scratch("pairs", 2, tmp_path) as other:
        assert not list(other.iterdir())
        assert len(list((tmp_path / "pairs").iterdir())) == 1
    assert len(list((tmp_path / "shards").iterdir())) == 1
