"""The record of a stage's time: beside the artefacts, and never a reason to fail."""

import logging

from pacl_core.files.json_csv import read_json
from pacl_core.runtime.timings import Timing


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
