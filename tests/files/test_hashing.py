"""Hashes of files and values: the same for the same content, another for any change."""

import hashlib
import os
from pathlib import Path

from pacl_core.files.hashing import file_sha256, marks_sha256, value_sha256


def test_a_file_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"bytes").hexdigest()


def test_the_order_of_keys_does_not_count() -> None:
    assert value_sha256({"a": 1, "b": [2, "é"]}) == value_sha256({"b": [2, "é"], "a": 1})
    assert value_sha256({"a": 1}) != value_sha256({"a": 2})


def test_marks_change_with_every_write_and_do_not_read(tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/e/file").write_text("one")
    before = marks_sha256([tmp_path / "d", tmp_path / "not there"])
    assert marks_sha256([tmp_path / "d", tmp_path / "not there"]) == before
    times = (tmp_path / "d/e/file").stat()
    (tmp_path / "d/e/file").write_text("two")
    os.utime(tmp_path / "d/e/file", ns=(times.st_atime_ns, times.st_mtime_ns))  # ctime still tells
    assert marks_sha256([tmp_path / "d", tmp_path / "not there"]) != before
