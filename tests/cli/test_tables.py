"""python -m pacl_core.cli.tables, on the output of `dvc exp show --json` in a file."""

from pacl_core.cli import tables
from tests.paths import ROOT
from tests.report.test_sweeps import entry, fi, shown


def test_the_command_prints_and_writes_the_same(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/published").symlink_to(ROOT / "data/published")
    (tmp_path / "runs.json").write_text(shown(entry("workspace", fi(0.6))))
    monkeypatch.chdir(tmp_path)
    tables.main(["runs.json"])
    written = (tmp_path / "tables/tables.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written
    assert written.count("\n## ") == 8 + 4
