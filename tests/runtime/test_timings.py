"""The record of a stage's time: next to the artefacts, and never a reason to fail."""

import json
import logging
import os
import subprocess
import sys

import pytest

from pacl_core.files.json_csv import read_json
from pacl_core.runtime.timings import Timing, Took, by_stage, duration, read_timings
from tests.paths import ROOT


def test_a_record_per_instance(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Timing("partition").note()
    Timing("features", ["faces", "pacl"]).note()
    Timing("features", ["../..", "x" * 300]).note()
    names = sorted(path.name for path in (tmp_path / ".pacl/timings").iterdir())
    assert names[1:] == ["features@faces-pacl.json", "partition.json"]
    assert names[0].startswith("features@.._..-xxx")
    record = read_json(tmp_path / ".pacl/timings/features@faces-pacl.json")
    assert record["stage"] == "features"
    assert record["instance"] == ["faces", "pacl"]
    assert 0 <= record["seconds"] < 60
    assert record["cpu_seconds"] > 0
    assert record["peak_memory_mb"] > 10


def test_where_nothing_can_be_written_the_stage_goes_on(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".pacl").write_text("a file in the way")
    with caplog.at_level(logging.INFO, "pacl"):
        Timing("partition").note()
    assert "no record of the time" in caplog.text
    assert "done in" in caplog.text


def test_of_several_processes_the_first_writes_the_record(tmp_path):
    """All of them wrote one draft: a process took away what another was about to publish."""
    code = "from pacl_core.runtime.timings import Timing\nfor _ in range(100): Timing('train').note()"
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", "import logging; logging.basicConfig(level=20)\n" + code],
            cwd=tmp_path,
            env=os.environ | {"RANK": str(rank), "WORLD_SIZE": "3", "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(3)
    ]
    said = [rank.communicate()[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0, 0]
    assert said[0].count("done in") == 100 and "no record" not in said[0]
    assert said[1:] == ["", ""]
    assert [one.name for one in read_timings(tmp_path / ".pacl/timings")] == ["train"]


def write(folder, name, seconds, peak):
    took = {"stage": name.partition("@")[0], "seconds": seconds, "cpu_seconds": 2.0, "peak_memory_mb": peak}
    (folder / f"{name}.json").write_text(json.dumps(took))


def test_records_are_read_by_name_and_summed_by_stage(tmp_path):
    """A stage that runs per variant is a line: seconds add up, memory is that of the largest."""
    write(tmp_path, "evaluate@faces-initial", 2.0, 300)
    write(tmp_path, "evaluate@faces-pacl", 3.0, 200)
    write(tmp_path, "pairs", 61.0, 100)
    (tmp_path / "damaged.json").write_text("{")
    (tmp_path / "partial.json").write_text('{"stage": "partial", "seconds": 1.0}')
    records = read_timings(tmp_path)
    assert [one.name for one in records] == ["evaluate@faces-initial", "evaluate@faces-pacl", "pairs"]
    assert by_stage(records) == [
        Took("pairs", runs=1, seconds=61.0, cpu_seconds=2.0, peak_memory_mb=100),
        Took("evaluate", runs=2, seconds=5.0, cpu_seconds=4.0, peak_memory_mb=300),
    ]
    assert read_timings(tmp_path / "nothing ran here") == []


@pytest.mark.parametrize(("seconds", "said"), [(3.4, "3 s"), (120, "2 min"), (7200, "2.0 h")])
def test_durations_read_well(seconds, said):
    assert duration(seconds) == said
