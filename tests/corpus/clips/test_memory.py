"""Ten times the clips take no more memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.paths import ROOT
from tests.videos import write_video

CLIPS = 10  # of a video
RUN = """
import resource, sys
from pathlib import Path
from tests.corpus.clips.stores import params
from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.pair_store import StorePaths
root = Path(sys.argv[1])
those = params("clip_manifest", root / "clips.jsonl", image_size=128, frames=8)
(root / "work").mkdir()
paths = StorePaths(root / "clips", root / "rejected.parquet", root / "work")
counts = write_clips(Corpus(lambda: read_clips(those), opening(those)), those, paths, part_bytes=1 << 25)
print(counts["clips"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(root: Path, video: Path, videos: int) -> int:
    """Peak memory in KB of a run over so many videos of ten clips each."""
    root.mkdir()
    rows = []
    for number in range(videos):
        os.link(video, root / f"{number}.mp4")
        for clip in range(CLIPS):
            row = {
                "video": f"{number}.mp4",
                "start": clip / 10,
                "end": clip / 10 + 1,
                "text": f"{number} {clip}",
            }
            rows.append(json.dumps(row))
    (root / "clips.jsonl").write_text("\n".join(rows))
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(root)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    clips, kilobytes = map(int, done.stdout.split())
    assert clips == CLIPS * videos
    return kilobytes


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (128, 160, 3), np.uint8) for _ in range(50)]
    video = write_video(tmp_path / "v.mp4", frames)
    few, many = peak(tmp_path / "few", video, 20), peak(tmp_path / "many", video, 200)
    assert many <= 1.15 * few, f"{few} KB of 200 clips, {many} KB of 2,000"
