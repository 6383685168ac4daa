"""EmotionCLIP's tables next to runs (clips_sweeps), and the scripts that queue these runs."""

import json
import os
import subprocess

import pytest
from dvc.utils.hydra import apply_overrides

from pacl_core.evaluation.comparison.published import load_published
from pacl_core.methods.params import load
from pacl_core.params.emotionclip import EmotionClipParams
from pacl_core.report.clips_sweeps import _SETTINGS, CLIPS_TABLES, clips_tables
from pacl_core.report.runs import SWEPT_ON_CLIPS, read_runs
from tests.paths import ROOT

PAPER = load_published(ROOT / "data/published", CLIPS_TABLES)
PRESETS = {"emotionclip-embedded.yaml": "sap", "emotionclip-tv.yaml": "emotionclip"}
BOLD = "bold-linear-emotions-map"


def entry(name, value, training="sap", **changes):
    """As DVC lists a run whose training on clips has these settings; `changes` by key, __ for the dot."""
    settings = {"clips": "c", "loss": {"beta": 10, "kl": "forward"}}
    for key, changed in changes.items():
        section, _, last = key.partition("__")
        settings[section] = settings.get(section, {}) | {last: changed}
    metrics = {f"metrics/results/{BOLD}.json": {"data": {"initial": 0.1, training: value}}}
    metrics["metrics/results/faces-linear-valence-r2.json"] = {"data": {training: value / 2}}
    params = {"params.yaml": {"data": {"emotionclip": {training: settings}}}}
    return {"rev": "0" * 40, "name": name, "data": {"params": params, "metrics": metrics}}


def shown(*experiments, training="sap"):
    revisions = [{"revs": [one], "executor": None, "name": one["name"]} for one in experiments]
    head = entry("main", 0.2, training)
    head["data"]["metrics"] = {}
    return json.dumps([entry("workspace", 0.225, training), head | {"experiments": revisions}])


def lines(text, title):
    """First cell -> {column: cell}."""
    body = clips_tables(read_runs(text, "dvc"), PAPER).split(f"## EmotionCLIP, {title}")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if "|" in line
    ]
    head, _, *cells = rows
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in cells}


def test_rows_take_runs_by_their_settings_and_not_names():
    found = lines(
        shown(
            entry("x", 0.21, subject__kind="none", loss__beta=0),
            entry("y", 0.22, loss__beta=0),
            entry("no row", 0.9, subject__kind="none"),
        ),
        "Table 1",
    )
    column = "bold emotions, Mean average precision"
    assert found["vanilla"][column] == "21.97 / 21.00 / −0.97"
    assert found["SAP"][column] == "22.28 / 22.00 / −0.28"
    assert found["SAP & SNCE"][column] == "22.51 / 22.50 / −0.01"
    assert found["SAAM"][column] == "21.53 / not run"
    assert found["vanilla"]["faces-linear-valence-r2"] == "0.105"


def test_table_3_tells_towers_apart_whatever_the_training_is_called():
    text = shown(
        entry("a", 0.11, "mine", text__train=False),
        entry("b", 0.12, "mine", text__train=False, frame__train=False),
        entry("c", 0.13, "mine", temporal__kind="mean"),
        training="mine",
    )
    found = {
        name: row["bold emotions, Mean average precision"] for name, row in lines(text, "Table 3").items()
    }
    assert found["EmotionCLIP (text frozen)"] == "13.40 / 11.00 / −2.40"
    assert found["EmotionCLIP (text, frames frozen)"] == "18.43 / 12.00 / −6.43"
    assert found["EmotionCLIP (temporal mean)"] == "21.17 / 13.00 / −8.17"
    assert found["EmotionCLIP (all random)"] == "11.02 / not run"


def test_figure_6_has_a_row_per_beta_and_no_other_run():
    found = lines(
        shown(
            entry("x", 0.2, loss__beta=0), entry("y", 0.3, loss__beta=0.1), entry("z", 0.4, text__train=False)
        ),
        "Figure 6",
    )
    assert {beta: row[BOLD] for beta, row in found.items()} == {"0": "20.00", "0.1": "30.00", "10": "22.50"}


def queued(script, tmp_path, *arguments):
    """Name -> (overrides, target) of each experiment that a script queues."""
    shim = tmp_path / "dvc"
    shim.write_text('#!/bin/sh\nprintf "%s\\n" "$#" "$@"\n')
    shim.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["sh", str(ROOT / "presets/sweeps" / script), *arguments]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    while out:
        count = int(out.pop(0))
        said, out = out[:count], out[count:]
        assert said[:4] == ["exp", "run", "--queue", "-n"]
        places = [place for place, one in enumerate(said) if one == "-S"]
        found[said[4]] = [said[place + 1] for place in places], said[-1]
    return found


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    ("script", "table"),
    [
        ("emotionclip-table1.sh", "EmotionCLIP 1"),
        ("emotionclip-table3.sh", "EmotionCLIP 3"),
        ("emotionclip-beta.sh", None),
    ],
)
def test_scripts_queue_valid_runs_one_per_row(tmp_path, preset, script, table):
    name = PRESETS[preset]
    written = ROOT / "presets" / preset
    adopted = load(written).emotionclip[name]
    settings = set()
    for overrides, target in queued(script, tmp_path, *([] if name == "sap" else [name])).values():
        assert target == f"report_clips@{name}"
        path = tmp_path / "params.yaml"
        path.write_text(written.read_text())
        if overrides:
            apply_overrides(path, overrides)
        own = load(path).emotionclip[name]
        settings.add(tuple(_value(own, key) for key in SWEPT_ON_CLIPS))
    if table is None:
        assert {row[list(SWEPT_ON_CLIPS).index("loss.beta")] for row in settings} == {0, 0.1, 1, 10, 100}
        return
    methods = {row.method for row in PAPER if row.table == table}
    wanted = {
        tuple(_SETTINGS[method].get(key, _value(adopted, key)) for key in SWEPT_ON_CLIPS)
        for method in methods
    }
    assert settings == wanted


def _value(training, key):
    for part in key.split("."):
        training = getattr(training, part)
    return training


def test_defaults_are_those_of_the_parameters():
    own = EmotionClipParams.model_validate({"clips": "rendered", "filter": {}})
    assert {key: _value(own, key) for key in SWEPT_ON_CLIPS} == SWEPT_ON_CLIPS
