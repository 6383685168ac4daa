"""Real photographs through the same DAG, by editing params.yaml alone."""

import json

import polars as pl
import pytest

from tests.dag.small_project import ROOT, copy_project

PHOTOS = ROOT.parent / "shared/real_formats/oasis_sample"

pytestmark = [
    pytest.mark.dag,
    pytest.mark.skipif(not PHOTOS.is_dir(), reason="no photographs next to the project"),
]


def test_photographs_with_their_themes_as_captions(tmp_path) -> None:
    project = copy_project(tmp_path / "project")
    project.edit(
        pairs__reader="manifest",
        pairs__path=str(PHOTOS),
        pairs__manifest={"file": "OASIS.csv", "image": "images/{Theme}.jpg", "text": "Theme", "id": "Theme"},
        factual_scores__scorer__kind="conse",
        downstream={"oasis": {"record": "data/datasets/oasis.yaml", "path": str(PHOTOS), "image_size": 256}},
        evaluate__protocols=["linear", "finetune"],
        evaluate__finetune__epochs=1,
    )
    project.repro()
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table.height == 120
    assert (project.root / "models/pacl/backbone.safetensors").exists()
    assert "image/jpeg" in (project.root / "report/index.html").read_text()
    # the very same images are posts: every test item (in folds, every item) leaks, and the run says so
    leaks = json.loads((project.root / "metrics/leaks/oasis.json").read_text())
    assert leaks["exact_items"] == leaks["test_items"] == 120
    for protocol in ("linear", "finetune"):
        figures = json.loads((project.root / f"evaluation/oasis-{protocol}-pacl.json").read_text())["tasks"]
        assert isinstance(figures["va"]["figures"]["r2"]["mean"], float)
