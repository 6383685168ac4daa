"""The command starts fast, helps with examples, and says a mistake in one line."""

import os
import subprocess
import sys

import pytest

import pacl_core
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
        (("predict", "a.jpg"), "no model in models/pacl; -m names the folder of a saved model"),
        (("predict", "a.jpg", "--labels", "joy"), "labels: at least two different ones, not ['joy']"),
        (("predict", "a.jpg", "-o", "x.txt"), "x.txt: the name must end in .csv, .jsonl or .parquet"),
        (("predict", "a.mp4", "--plot", "x.pdf"), "x.pdf: the name must end in .png or .svg"),
        (("embed", "a.jpg", "-o", "x.npy"), "no model in models/pacl; -m names"),
        (("embed", "a.jpg", "-o", "x.csv"), "x.csv: the name must end in .npy or .parquet"),
        (("inspect",), "data/partition.parquet: missing"),
        (("head", "fit", "fi"), "params.yaml: no such file"),
        (("export", "onnx", "-o", "x.onnx"), "no model in models/pacl; -m names the folder"),
        (("export", "onnx", "-o", "x.txt"), "x.txt: the name must end in .onnx"),
        (("export", "hf", "-o", "hub"), "no model in models/pacl; -m names the folder"),
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict",), "Missing argument 'FILE...' (see"),
        (("predikt",), "No such command 'predikt'. Did you mean 'predict'? (see"),
        (("predict", "a.jpg", "--top", "0"), "Invalid value for '--top'"),
        (("predict", "a.mp4", "--every", "0"), "a span must be longer than 0 seconds"),
        (("predict", "a.mp4", "--every", "-1"), "-1 is no time"),
        (("predict", "a.mp4", "--every", "nan"), "nan is no time"),
        (("embed", "a.mp4", "-o", "x.npy", "--start", "3", "--end", "2"), "2 is not after 3"),
        (("embed", "a.mp4", "-o", "x.npy", "--box", "1,2,3"), "'1,2,3' is not left,top,right,bottom"),
        (("predict", "a.mp4", "--box", "9,0,3,3"), "'9,0,3,3' has no area"),
        (("predict", "a.mp4", "--box", "nan,0,3,3"), "holds a number that is not finite"),
    ],
)
def test_a_misspelt_command_is_one_line_and_code_2(pacl, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = pacl(*arguments)
    assert done.code == 2
    assert done.err.startswith("pacl: error: ") and done.err.count("\n") == 1
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_of_commands_shows_them(pacl):
    for arguments in ((), ("head",), ("export",)):
        done = pacl(*arguments)
        assert done.code == 2 and "Commands:" in done.out + done.err


def test_the_version(pacl):
    assert pacl("--version").out == f"pacl {pacl_core.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("a.jpg",), ("a.jpg", "--labels", "joy"), ("a.jpg", "-m", "models/nix")]
)
def test_a_mistake_is_said_before_anything_heavy_is_loaded(tmp_path, arguments):
    """A missing file, labels that cannot be, a missing model: torch alone takes seconds to load."""
    (tmp_path / "models/pacl").mkdir(parents=True)
    (tmp_path / "models/pacl/model.json").write_text("{}")
    code = (
        "import sys; from pacl_core.cli.main import main\n"
        f"sys.argv = ['pacl', 'predict', *{arguments!r}]\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    said, loaded = done.stderr.splitlines()
    assert (done.returncode, loaded) == (1, "[]") and said.startswith("pacl: ")
