"""`pacl results`: the comparison in the terminal."""

import json
import os

import pytest

from pacl_core.project.committed import last_commit
from tests.project.test_committed import commit_run
from tests.small_run import write_metrics


@pytest.fixture
def run(tmp_path, monkeypatch):
    write_metrics(tmp_path)
    (one,) = json.loads((tmp_path / "metrics/comparison.json").read_text())
    accuracy = one["tasks"]["valence"]["figures"]["r2"]
    few = {"value": -0.02, "low": -0.4, "high": 0.3, "verdict": "too_few", "reason": "too few (12) to tell"}
    accuracy["variants"]["plain"] = accuracy["variants"]["pacl"] | {"mean": 0.17}
    accuracy["differences"]["plain"] = {"value": 0.07, "low": 0.01, "high": 0.13, "verdict": "better"}
    accuracy["controls"] = {"plain": few}
    one["variants"] = ["initial", "pacl", "plain"]
    (tmp_path / "metrics/comparison.json").write_text(json.dumps([one]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_variant_has_a_row_with_its_difference(run, pacl):
    ended = pacl("results")
    assert (ended.code, ended.err) == (0, "")
    title, heads, *rows = ended.out.splitlines()
    rows = rows[next(n for n, row in enumerate(rows) if row.split()[0] == "valence") :]
    assert title == "emoji_sentiment, linear: 1,500 test items"
    assert heads.split() == ["task", "metric", "variant", "value", "difference", "verdict"]
    cells = [row.split() for row in rows]
    assert cells[0] == ["valence", "R²", "initial", "0.100"]
    assert cells[1][:2] == ["pacl", "0.150"] and "+0.050 [−0.010, +0.110]  no clear change" in rows[1]
    assert "+0.070 [+0.010, +0.130]  better" in rows[2]
    assert "pacl against plain" in rows[3] and rows[3].endswith(
        "−0.020 [−0.400, +0.300]  too few (12) to tell"
    )
    assert cells[4] == ["(the", "mean)", "0.120"]
    assert not any("Pearson" in row for row in rows)
    assert len({len(row) - len(row.lstrip()) for row in rows if "[" in row}) == 1


def test_all_metrics(run, pacl):
    assert "Pearson" in pacl("results", "--all").out


def test_numbers_for_programs(run, pacl):
    arousal, valence = json.loads(pacl("results", "--json").out)
    assert (valence["dataset"], valence["metric"], arousal["task"]) == (
        "emoji_sentiment",
        "r2",
        "arousal | <b>",
    )
    assert valence["values"] == {"initial": 0.1, "pacl": 0.15, "plain": 0.17}
    assert valence["differences"]["plain"]["low"] == 0.01
    assert len(json.loads(pacl("results", "--json", "--all").out)) == 3


def test_a_narrow_terminal_has_verdicts_on_their_own_lines(run, pacl, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((78, 24)))
    lines = pacl("results").out.splitlines()
    assert all(len(line) <= 78 for line in lines)
    assert "      no clear change; no better than the mean" in lines


@pytest.mark.parametrize(("written", "says"), [(None, "nothing was evaluated"), ("[]", "no data set was")])
def test_nothing_evaluated_is_one_line(tmp_path, monkeypatch, pacl, written, says):
    monkeypatch.chdir(tmp_path)
    if written is not None:
        (tmp_path / "metrics").mkdir()
        (tmp_path / "metrics/comparison.json").write_text(written)
    ended = pacl("results")
    assert ended.code == 1
    assert says in ended.err and ended.err.count("\n") == 1


def test_which_run_it_is_and_what_the_last_commit_had(run, pacl):
    path = run / "metrics/comparison.json"
    commit_run(run, path.read_bytes())
    same = pacl("results").out.splitlines()
    name = last_commit(run).name
    assert same[0].startswith(f"run of {name}, 20") and "before" not in same[3]
    comparison = json.loads(path.read_text())
    comparison[0]["tasks"]["valence"]["figures"]["r2"]["variants"]["pacl"]["mean"] = 0.2
    path.write_text(json.dumps(comparison))
    with (run / "dvc.lock").open("a") as lock:
        lock.write("# another run\n")
    first, _, _, heads, *rows = pacl("results").out.splitlines()
    assert first.startswith(f"run of {name} + changes, ")
    assert heads.split() == ["task", "metric", "variant", "value", "before", "difference", "verdict"]
    (changed,) = (row for row in rows if "0.150" in row)
    assert changed.split()[:3] == ["pacl", "0.200", "0.150"]
    assert [row.split()[-1] for row in rows if "initial" in row] == ["0.300", "0.100"]
