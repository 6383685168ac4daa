"""Pages of a mapped file that were let go: gone from the process, not from the file."""

from pathlib import Path

import numpy as np
import pytest

from pacl_core.files.npy_file import allocate, release

BYTES = 32 << 20


def resident_file_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssFile"))


def test_what_was_written_stays(tmp_path: Path) -> None:
    rows = allocate(tmp_path / "rows.npy", (1000, 4))
    rows[:] = np.arange(4000).reshape(1000, 4)
    release(rows)
    assert rows[999].tolist() == [3996, 3997, 3998, 3999]
    assert np.load(tmp_path / "rows.npy")[1].tolist() == [4, 5, 6, 7]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_of_a_file_that_was_read_is_given_back(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones(BYTES // 4, np.float32))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    before = resident_file_bytes()
    rows.sum()
    held = resident_file_bytes()
    release(rows)
    assert held - before > BYTES // 2
    assert resident_file_bytes() - before < BYTES // 8


def test_an_array_in_memory_is_left_alone() -> None:
    array = np.ones(3)
    release(array)
    assert array.tolist() == [1, 1, 1]
