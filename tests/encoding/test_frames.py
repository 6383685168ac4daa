"""A detector over clips' frames, whatever their number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from pacl_core.encoding.engine import engine
from pacl_core.encoding.frames import encode_frames
from pacl_core.media.images import encode_jpeg
from pacl_core.runtime.settings import Runtime


class Greys:
    """Finds one 'box': the mean grey of each frame."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen = 0
        self._stop = stop_after

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if self._stop is not None and self.seen >= self._stop:
            raise KeyboardInterrupt
        self.seen += 1
        return np.array([[[frame.mean()]] for frame in frames], np.float32)


def table(folder: Path, counts: list[int], row_group: int = 3) -> Path:
    """A folder of two files of clips; frame n of clip c is of grey 10 c + n."""
    folder.mkdir()
    for part, rows in enumerate((range(5), range(5, len(counts)))):
        frames = [
            [encode_jpeg(np.full((16, 16, 3), 10 * row + n, np.uint8)) for n in range(counts[row])]
            for row in rows
        ]
        times = [[n / 8 for n in range(counts[row])] for row in rows]
        columns = pa.table({"frames": pa.array(frames, pa.list_(pa.binary())), "times": times})
        pq.write_table(
            columns, folder / f"{part}.parquet", row_group_size=row_group, write_page_checksum=True
        )
    return folder


COUNTS = [1, 4, 2, 4, 3, 1, 1, 2, 4, 3, 2, 1]


@pytest.mark.parametrize("batch", [16, 64])
def test_each_frame_of_each_clip(tmp_path: Path, batch: int) -> None:
    clips = table(tmp_path / "clips", COUNTS)
    machine = Runtime("cpu", 1, batch)
    with engine(Greys, machine) as workers:
        found = encode_frames(workers, clips, tmp_path / "work").rows(0, len(COUNTS))
    assert found.shape == (len(COUNTS), 4, 1, 1)
    for row, count in enumerate(COUNTS):
        np.testing.assert_allclose(found[row, :count, 0, 0], [10 * row + n for n in range(count)], atol=1)
        assert np.isnan(found[row, count:]).all()


def test_it_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pacl_core.encoding import encoded

    monkeypatch.setattr(encoded, "SECONDS", 0.0)
    clips = table(tmp_path / "clips", COUNTS)
    machine = Runtime("cpu", 1, 16)
    with pytest.raises(KeyboardInterrupt), engine(lambda: Greys(stop_after=7), machine) as workers:
        encode_frames(workers, clips, tmp_path / "work")
    second = Greys()
    with engine(lambda: second, machine) as workers:
        found = encode_frames(workers, clips, tmp_path / "work").rows(0, len(COUNTS))
    assert second.seen < len(COUNTS)
    np.testing.assert_allclose(found[:, 0, 0, 0], [10 * row for row in range(len(COUNTS))], atol=1)
