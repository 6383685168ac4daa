"""The command starts fast, helps with examples, and says a mistake in one line."""

import os
import subprocess
import sys

import pytest

from tests.paths import ROOT

HEAVY = ("torch", "polars", "pyarrow", "nicegui", "timm", "transformers", "dvc", "numpy")
COMMANDS = (
    ("predict",),
    ("embed",),
    ("inspect",),
    ("doctor",),
    ("explore",),
    ("head", "fit"),
    ("export", "onnx"),
    ("export", "hf"),
)


@pytest.mark.parametrize("command", [(), *COMMANDS])
def test_help_loads_nothing_heavy(command):
    code = (
        "import sys; from pacl_core.cli.main import main\n"
        f"sys.argv = ['pacl', *{command!r}, '--help']\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"
    assert "Usage: pacl" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_that_begin_with_its_name(pacl, command):
    done = pacl(*command, "--help")
    examples = done.out.split("Example")[1].split("\n")[1]
    assert examples.strip().startswith(" ".join(("pacl", *command)))


def test_completion_knows_the_commands():
    code = "import sys; from pacl_core.cli.main import app; app(prog_name='pacl')"
    environment = os.environ | {"_PACL_COMPLETE": "complete_bash", "COMP_WORDS": "pacl e", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert set(done.stdout.split()) == {"embed", "explore", "export"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict", "a.jpg"), "models/pacl/model.json: missing"),
        (("embed", "a.jpg", "-o", "x.csv"), "x.csv: the name must end in .npy or .parquet"),
        (("inspect",), "data/partition.parquet: missing"),
        (("head", "fit", "fi"), "params.yaml: no such file"),
        (("export", "onnx", "models/pacl", "x.onnx"), "models/pacl/model.json: missing"),
        (("export", "hf", "models/pacl", "hub"), "models/pacl/model.json: missing"),
        (("explore",), "data/partition.parquet: missing"),
    ],
)
def test_a_mistake_is_one_line(pacl, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = pacl(*arguments)
    assert done.code == 1
    assert done.err.startswith("pacl: error: ") and done.err.count("\n") == 1
    assert message in done.err
    assert not list(tmp_path.iterdir())
