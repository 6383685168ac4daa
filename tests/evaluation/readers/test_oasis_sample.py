"""Real rated photographs as published."""

from pathlib import Path

import pytest

from pacl_core.evaluation.datasets.items import Item
from pacl_core.evaluation.datasets.readers import manifest
from pacl_core.evaluation.datasets.record import load_record

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT.parent / "shared/real_formats/oasis_sample"


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the OASIS sample is not on this machine")
def test_the_record_reads_the_sample() -> None:
    record = load_record(ROOT / "data/datasets/oasis.yaml")
    found = list(manifest.read(SAMPLE, manifest.Options.model_validate(record.options)))
    items = [one for one in found if isinstance(one, Item)]
    assert len(items) == len(found) == 120
    assert (SAMPLE / "OASIS.csv").read_bytes().count(b"\n") == 0  # CR alone ends its lines
    assert items[0].item_id == "I457"
    assert items[0].values == {"Valence_mean": "5.962962963", "Arousal_mean": "3.221153846"}
