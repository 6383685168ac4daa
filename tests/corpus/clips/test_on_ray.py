"""Videos read by the processes of a Ray cluster (clip_store): the bytes of threads, whatever is broken."""

from pathlib import Path

import pytest

from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.pair_store import StorePaths
from pacl_core.runtime.jobs import jobs
from pacl_core.runtime.settings import Runtime
from tests.corpus.clips.stores import params, stored
from tests.corpus.clips.test_clip_store import many
from tests.paths import ROOT
from tests.ray_here import ray_here  # noqa: F401


@pytest.mark.usefixtures("ray_here")
@pytest.mark.parametrize("corpus", ["videos", "rendered"])
def test_ray_gives_the_bytes_of_threads(tmp_path: Path, corpus: str) -> None:
    if corpus == "videos":
        those = many(tmp_path)
    else:
        recipe = tmp_path / "clips.yaml"
        text = (ROOT / "data/corpora/clips.yaml").read_text()
        recipe.write_text(text.replace("clips: 600", "clips: 3"))
        those = params("rendered", recipe, frames=2)
    here = stored(tmp_path / "here", those, part_bytes=20_000)
    root = tmp_path / "ray"
    (root / "work").mkdir(parents=True)
    paths = StorePaths(root / "clips", root / "rejected.parquet", root / "work")
    with jobs(Runtime("cpu", None, None, engine="ray"), "corpus", "media") as readers:
        counts = write_clips(
            Corpus(lambda: read_clips(those), opening(those)), those, paths, jobs=readers, part_bytes=20_000
        )
    files = [*sorted((root / "clips").iterdir()), root / "rejected.parquet"]
    assert {str(file.relative_to(root)): file.read_bytes() for file in files} == here.files
    assert counts == here.counts
    assert not list((root / "work").glob("video-*"))
