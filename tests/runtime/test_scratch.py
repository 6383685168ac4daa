"""Finished pieces: kept after a failure, gone after success, stale under another key."""

from importlib.metadata import version
from pathlib import Path

import pytest

from pacl_core.runtime.scratch import code_files, code_sha256, scratch, versions
from tests.paths import ROOT


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


def test_the_files_of_a_folder_and_what_every_stage_reads_with() -> None:
    names = {path.relative_to(ROOT / "pacl_core").as_posix() for path in code_files("media")}
    assert {"media/images.py", "files/tables.py", "runtime/scratch.py"} <= names
    assert not any(name.startswith("training") or name.endswith(".pyc") for name in names)


def test_a_changed_byte_of_one_file_changes_the_hash(tmp_path: Path) -> None:
    stage = tmp_path / "stage.py"
    stage.write_text("a = 1\n")
    before = code_sha256("media", stage)
    assert code_sha256("media", stage) == before
    stage.write_text("a = 2\n")
    assert before != code_sha256("media", stage) != code_sha256("media")


def test_a_library_that_is_missing_has_no_version() -> None:
    assert versions("numpy", "no-such-library") == {"numpy": version("numpy"), "no-such-library": None}
