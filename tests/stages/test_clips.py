"""The stages over `clips` as processes: tables, a kill, a wrong name; a filter edited without any of them."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from pacl_core.files.json_csv import read_json
from pacl_core.methods.emotionclip.selection import ClipTables, write_selection
from pacl_core.params.clips import ClipFilterParams
from tests.faults.processes import starter
from tests.paths import ROOT

CLIPS = 90


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with params on rendered clips and nothing else."""
    folder = tmp_path_factory.mktemp("clips")
    recipe = yaml.safe_load((ROOT / "data/corpora/clips.yaml").read_text()) | {"clips": CLIPS}
    (folder / "clips.yaml").write_text(yaml.safe_dump(recipe))
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["clips"] = {"r": {"reader": "rendered", "path": "clips.yaml", "image_size": 64}}
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    return folder


def run(folder: Path, stage: str, name: str = "r") -> tuple[int, str]:
    done = starter().run(folder, stage, name, PYTHONPATH=str(ROOT))
    return done.wait(), done.output


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((folder / "data/clips").rglob("*.parquet"))}


def test_tables_of_the_three_stages(project: Path) -> None:
    for stage in ("clips", "sentiment", "persons"):
        code, output = run(project, stage)
        assert code == 0, output
    ids = [f"rendered-{number:06d}" for number in range(CLIPS)]
    clips = pq.read_table(project / "data/clips/r", columns=["sample_id", "times"]).to_pydict()
    assert clips["sample_id"] == ids
    sentiment = pq.read_table(project / "data/sentiment/r.parquet").to_pydict()
    assert sentiment["sample_id"] == ids
    assert {len(row) for row in sentiment["logits"]} == {151}
    persons = pq.read_table(project / "data/persons/r.parquet").to_pydict()
    assert persons["sample_id"] == ids
    assert all(len(box) == 1 for clip in persons["boxes"] for box in clip)
    assert read_json(project / "metrics/clips/r.json")["clips"] == CLIPS
    assert read_json(project / "metrics/persons/r.json")["frames_with_a_person"] == CLIPS * 16

    before = files(project)
    tables = ClipTables(
        project / "data/clips/r", project / "data/sentiment/r.parquet", project / "data/persons/r.parquet"
    )
    kept = [
        write_selection(project / "selection.parquet", tables, ClipFilterParams(max_neutral=bound))["kept"]
        for bound in (0.05, 0.27, None)
    ]
    assert kept[0] == 0 < kept[1] < kept[2] == CLIPS
    assert files(project) == before


def test_killed_it_resumes_to_the_same_bytes(project: Path, tmp_path: Path) -> None:
    if not (project / "data/clips").exists():
        assert run(project, "clips")[0] == 0
    for name in ("clips.yaml", "params.yaml"):
        shutil.copy(project / name, tmp_path / name)
    process = starter().start(tmp_path, "clips", "r", PYTHONPATH=str(ROOT), PACL_WORKERS="1")
    while process.running and not list((tmp_path / ".pacl").rglob("piece-*")):
        time.sleep(0.02)
    process.kill(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "data/clips/r").exists()
    code, output = run(tmp_path, "clips")
    assert code == 0
    assert "continuing after" in output
    assert files(tmp_path) == files(project)


@pytest.mark.parametrize("stage", ["clips", "sentiment", "persons"])
def test_a_wrong_name_is_one_line(project: Path, stage: str) -> None:
    code, output = run(project, stage, "s")
    assert code == 1
    assert "unknown corpus of clips 's'" in output
    assert "Traceback" not in output


def test_a_detector_without_weights_is_one_line(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "data", tmp_path / "data")
    tree: dict[str, Any] = yaml.safe_load((project / "params.yaml").read_text())
    tree["persons"]["kind"] = "torchvision"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    code, output = run(tmp_path, "persons")
    assert code == 1
    assert "weights: null, but this model brings none itself" in output
