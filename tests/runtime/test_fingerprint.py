"""Which code a piece of work belongs to."""

from importlib.metadata import version
from pathlib import Path

from pacl_core.runtime.fingerprint import code_files, code_sha256, versions
from tests.paths import ROOT


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
