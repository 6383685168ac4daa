"""Inputs that DVC cannot hash are findings, a few of each."""

import os
from pathlib import Path

from pacl_core.doctor.hashing import FIRST, hashing


def test_each_input_is_looked_at(tmp_path: Path) -> None:
    for name in ("fine", "fifo", "links"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "fifo/z.jpg")
    for number in range(2 * FIRST):
        (tmp_path / f"links/{number}.jpg").symlink_to("nowhere")
    found = hashing({name: str(tmp_path / name) for name in ("fine", "fifo", "links", "none")})
    assert [one.what for one in found] == ["fifo", *["links"] * FIRST]
    assert found[0].state == "stops" and found[0].detail == f"{tmp_path}/fifo/z.jpg: a FIFO"
