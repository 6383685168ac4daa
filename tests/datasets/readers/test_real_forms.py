"""Real cuts of published data: OASIS photographs, and the first lines of other sets' tables."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from pacl_core.datasets.readers import Item, manifest
from pacl_core.datasets.record import load_record
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT
from tests.published_trees import image, put

FORMS = ROOT.parent / "shared/real_formats"
SAMPLE = FORMS / "oasis_sample"
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")

pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason="no real cuts next to the project")


def of_oasis(**changes: object) -> manifest.Options:
    options = load_record(ROOT / "data/datasets/oasis.yaml").options
    return manifest.Options.model_validate({**options, **changes})


def test_the_record_reads_the_sample() -> None:
    found = list(manifest.read(SAMPLE, of_oasis()))
    items = [one for one in found if isinstance(one, Item)]
    assert len(items) == len(found) == 120
    assert (SAMPLE / "OASIS.csv").read_bytes().count(b"\n") == 0  # CR alone ends its lines
    assert items[0].item_id == "I457"
    assert items[0].values == {"Valence_mean": "5.962962963", "Arousal_mean": "3.221153846"}


def test_oasis_cut_in_the_middle_of_a_row(tmp_path: Path) -> None:
    name = "OASIS_head_cr_only.csv"
    shutil.copy(FORMS / name, tmp_path)
    lines = (FORMS / name).read_bytes().decode().split("\r")
    for row in csv.DictReader(lines):
        put(tmp_path / "images" / f"{row['Theme'].strip()}.jpg", image(1))
    *items, last = manifest.read(tmp_path, of_oasis(file=name))
    assert [one.item_id for one in items if isinstance(one, Item)] == [f"I{n}" for n in range(1, 29)]
    assert isinstance(last, Rejected) and last.reason == "malformed_row"


def test_ferplus_votes_with_a_column_of_splits(tmp_path: Path) -> None:
    """Its table names no image in some rows: those were removed from the set."""
    table = tmp_path / "ferplus_head.csv"
    shutil.copy(FORMS / table.name, table)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["Image name"]:
            put(tmp_path / row["Image name"], image(1))
    options = manifest.Options(
        file=table.name, image="{Image name}", values=VOTES, split="Usage", splits={"Training": "train"}
    )
    found = list(manifest.read(tmp_path, options))
    items = [one for one in found if isinstance(one, Item)]
    assert items[0].values == dict(zip(VOTES, "40013200", strict=True)) and items[0].split == "train"
    assert len(items) == sum(bool(row["Image name"]) for row in rows) < len(rows)
    assert {one.reason for one in found if isinstance(one, Rejected)} == {"missing_image"}


def test_a_column_of_labels(tmp_path: Path) -> None:
    table = tmp_path / "legend_head.csv"
    shutil.copy(FORMS / table.name, table)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        put(tmp_path / "images" / row["image"], image(1))
    options = manifest.Options(file=table.name, image="images/{image}", values=("emotion",))
    found = list(manifest.read(tmp_path, options))
    labels = Counter(one.values["emotion"] for one in found if isinstance(one, Item))
    assert labels == Counter(row["emotion"] for row in rows) and len(found) == len(rows)
