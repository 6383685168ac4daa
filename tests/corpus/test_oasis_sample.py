"""A published corpus as it comes: CR line ends, an unnamed column, blanks after names, a PNG called .jpg."""

from pathlib import Path

import pytest

from pacl_core.corpus.pair_store import StorePaths, write_pairs
from pacl_core.corpus.readers import read_posts
from pacl_core.files.tables import read_table
from pacl_core.params.pairs import ManifestParams, PairsParams
from tests.paths import ROOT

SAMPLE = ROOT.parent / "shared" / "real_formats" / "oasis_sample"


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the OASIS sample is not on this machine")
def test_oasis_becomes_pairs_by_parameters_alone(tmp_path: Path) -> None:
    columns = ManifestParams(file="OASIS.csv", image="images/{Theme}.jpg", text="Theme", id="")
    params = PairsParams(reader="manifest", path=str(SAMPLE), image_size=128, manifest=columns)
    (tmp_path / "scratch").mkdir()
    counts = write_pairs(
        lambda: read_posts(params),
        params,
        StorePaths(tmp_path / "pairs", tmp_path / "rejected.parquet", tmp_path / "scratch"),
    )
    assert (counts["pairs"], counts["rejected"]) == (120, 0)
    rows = read_table(tmp_path / "pairs", ["sample_id", "text"]).to_pylist()
    assert rows[0] == {"sample_id": "I457", "text": "Lake 3"}
