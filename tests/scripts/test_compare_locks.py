"""Two dvc.lock files, out by out."""

import subprocess
import sys

from scripts.compare_locks import compare, outs
from tests.paths import ROOT

LOCK = """\
schema: '2.0'
stages:
  a: {cmd: a, outs: [{path: x, md5: '1'}, {path: y, md5: '2'}]}
  b: {cmd: b, deps: [{path: x, md5: '1'}], outs: [{path: z, md5: '3'}]}
"""


def test_outs_are_those_of_every_stage(tmp_path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert outs(tmp_path / "dvc.lock") == {"x": "1", "y": "2", "z": "3"}


def test_a_line_for_each_difference():
    found = compare({"x": "1", "y": "2", "z": "3"}, {"x": "1", "y": "9", "w": "4"})
    assert found == ["only after   w", "changed      y", "only before  z"]


def test_the_command_says_so_and_fails_on_a_difference(tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text(LOCK)
    after.write_text(LOCK.replace("'2'", "'5'"))
    command = [sys.executable, "-m", "scripts.compare_locks", str(before)]
    same = subprocess.run([*command, str(before)], capture_output=True, text=True, cwd=ROOT)
    assert (same.returncode, same.stdout) == (0, "3 outs equal, 0 not\n")
    other = subprocess.run([*command, str(after)], capture_output=True, text=True, cwd=ROOT)
    assert (other.returncode, other.stdout) == (1, "changed      y\n2 outs equal, 1 not\n")
