"""The two-persons task: who is in a clip, what its text says, and that the command measures and resumes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pacl_core.corpus.clips.rendered_recipe import load_rendered_recipe
from pacl_core.files.json_csv import read_json
from scripts.two_persons import make_task, table, with_name
from tests.paths import ROOT

RECIPE = ROOT / "data/corpora/clips_two_persons.yaml"


def test_the_text_names_the_marked_one_of_two_and_only_that_one_has_a_box() -> None:
    task = make_task(load_rendered_recipe(RECIPE), 3, 9)
    assert len(task.names) == 3 and (task.marked != task.other).all()
    for row, text in enumerate(task.clips.texts):
        assert task.names[task.marked[row]] in text and task.names[task.other[row]] not in text
        found = task.clips.frames(row)
        assert [len(boxes) for boxes in found.boxes] == [1] * 8
        left, right = (np.mean([boxes[0][side] for boxes in found.boxes]) for side in (0, 2))
        assert (left < 85) == (right < 85)  # each has half of 170 pixels
    assert sorted(np.bincount(task.marked)) == [3, 3, 3]


@pytest.mark.parametrize(
    ("text", "name", "other", "said"),
    [
        ("look, a boy!", "boy", "astronaut", "look, an astronaut!"),
        ("I just saw an elf here", "elf", "woman bowing", "I just saw a woman bowing here"),
        ("who is that boy?", "boy", "elf", "who is that elf?"),
    ],
)
def test_another_name_in_the_same_sentence(text: str, name: str, other: str, said: str) -> None:
    assert with_name(text, name, other) == said


def test_differences_are_from_the_first_kind_and_paired() -> None:
    none, sap = [True] * 10 + [False] * 10, [True] * 15 + [False] * 5
    rows = {
        "none": {"nearest": none, "over_other": none, "above_share": []},
        "sap": {"nearest": none, "over_other": sap, "above_share": [0.1] * 20},
    }
    first, second = table(rows, 4).splitlines()[2:]
    assert first.startswith("| none | 0.500 [") and first.endswith("|  |  |")
    assert "| 0.750 [" in second and "| +0.250 [+0.100, +0.450]" in second
    assert second.endswith("| +0.100 [+0.100, +0.100] |")


@pytest.mark.slow
def test_the_command_trains_each_kind_once(tmp_path: Path) -> None:
    def run() -> str:
        command = [sys.executable, "-m", "scripts.two_persons", str(tmp_path), "--recipe", str(RECIPE)]
        small = ["--persons", "2", "--clips", "60", "--held", "8", "--epochs", "52", "--workers", "1"]
        return subprocess.run([*command, *small], capture_output=True, text=True, check=True, cwd=ROOT).stdout

    first = run()
    assert [line.split(" |")[0] for line in first.splitlines()[2:]] == ["| none", "| sap", "| saam"]
    assert len(read_json(tmp_path / "sap.json")["nearest"]) == 8
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.json")}
    assert run() == first
    assert {file: file.stat().st_mtime_ns for file in before} == before
