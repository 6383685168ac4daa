"""Bytes of a file that is regular and small enough, or why it is not read."""

import os
import socket
from pathlib import Path

import pytest

from pacl_core.media.regular_file import read_regular
from pacl_core.media.rejects import UnusableError


def reason(path: Path, most: int = 4) -> str:
    with pytest.raises(UnusableError) as caught:
        read_regular(path, most, "missing", too_large="large")
    return caught.value.reason


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        assert read_regular(tmp_path / name, 4, "missing", too_large="large") == b"four"


def test_what_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"fives")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")  # opened the usual way this would wait for ever
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        names = ("a", "none", "a/below", "loop", "fifo", "socket", ".", "nul\0")
        assert [reason(tmp_path / name) for name in names] == [
            "large", "missing", "missing", "unreadable",
            "not_a_file", "not_a_file", "not_a_file", "unreadable",
        ]  # fmt: skip


def test_a_file_that_does_not_know_its_size_is_bounded() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    assert reason(Path("/proc/self/status"), most=10) == "large"
