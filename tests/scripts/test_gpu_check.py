"""The checks of a GPU: how they are told, and, in small on a CPU, that all of them run and hold."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from scripts.gpu_check import __main__ as gpu_check
from scripts.gpu_check.inputs import ON_CPU, ON_GPU, QUICK, Place, write_inputs
from scripts.gpu_check.missing import missing
from scripts.gpu_check.table import Row, at_least, at_most, rows_of, table
from tests.paths import ROOT

SCRIPT = ROOT / "scripts/gpu_check.sh"
EXPECTED = (
    *("train float32: loss", "train bfloat16: gradients", "killed and resumed", "one rank on gloo"),
    *("embed test_resnet", "score, bfloat16", "loss at B = 128: ClipLoss", "loss at B = 128: weak, chunk 32"),
    *("step of test_resnet, 64 px, bfloat16: full, phase 3", "pass of test_resnet"),
)


def rows(said: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if "|" in line
    ]


def test_a_row_holds_up_to_its_tolerance_and_never_without_a_number() -> None:
    assert at_most("a", 0.5, 0.5).ok and not at_most("a", 0.51, 0.5).ok
    assert at_least("a", 0.5, 0.5).ok and not at_least("a", 0.49, 0.5).ok
    assert not at_most("a", float("nan"), 1).ok and not at_least("a", float("nan"), 0).ok


def test_the_table_is_markdown() -> None:
    found = table([at_most("loss", 0.25, 0.5), Row("speed | size", "3 images/s", "-", True)])
    assert found.splitlines() == [
        "| check        | figure     | tolerance | ok  |",
        "| ------------ | ---------- | --------- | --- |",
        "| loss         | 0.25       | <= 0.5    | yes |",
        "| speed / size | 3 images/s | -         | yes |",
    ]


def test_a_check_that_raises_is_a_row_and_keeps_what_it_found_before() -> None:
    def check() -> Iterator[Row]:
        yield at_most("first", 0, 1)
        raise RuntimeError("out of\nmemory")

    found = list(rows_of("passes", check, lambda text: None))
    assert found == [at_most("first", 0, 1), Row("passes", "RuntimeError: out of memory", "runs", False)]


@pytest.mark.parametrize(("value", "status", "ok"), [(0.1, 0, "yes"), (2.0, 1, "NO")])
def test_the_exit_status_is_1_where_a_check_failed(
    value: float, status: int, ok: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Place] = []

    def check(place: Place) -> Iterator[Row]:
        seen.append(place)
        assert (place.shards / "index.json").is_file()
        yield at_most("found", value, 1)

    monkeypatch.setitem(gpu_check.CHECKS, "passes", check)
    assert gpu_check.main(["--device", "cpu", "--quick", "--only", "passes"]) == status
    assert rows(capsys.readouterr().out)[2:] == [["found", f"{value:g}", "<= 1", ok]]
    assert not seen[0].folder.exists()


def test_a_gpu_is_asked_for_more_than_a_cpu() -> None:
    assert gpu_check.sizes_of("cpu", False) is ON_CPU
    assert gpu_check.sizes_of("cuda", True) is gpu_check.sizes_of("cpu", True) is QUICK
    assert ON_GPU.models == (("resnet50", 224), ("vit_base_patch16_224", 224))
    assert ON_GPU.losses == (16384, 32768)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.main([]) == 2
    assert capsys.readouterr().err.startswith("gpu_check: torch sees no GPU; --device cpu ")


def test_shards_have_every_partition_alike(tmp_path: Path) -> None:
    from pacl_core.methods.pacl.shards.read import read_shards

    write_inputs(Place(tmp_path, "cpu", QUICK))
    samples = read_shards(tmp_path / "shards", tmp_path)
    assert {len(rows) for rows in samples.rows.values()} == {QUICK.pairs // 4} and len(samples.rows) == 4
    assert samples.image(0).size == (341, 256)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "pyproject.toml"
    listed.write_text(
        '[project]\ndependencies = ["torch>=2.10", "no-such-thing[all]>=1; python_version>\'3\'"]\n'
        '[project.optional-dependencies]\npipeline = ["timm>=1", "no-such-stage>=2"]\nray = ["no-such-ray"]\n'
    )
    assert missing(listed) == ["no-such-thing", "no-such-stage"]
    assert missing(ROOT / "pyproject.toml") == []


def test_the_shell_script_starts_it() -> None:
    done = subprocess.run(
        [SCRIPT, "--help"],
        capture_output=True,
        text=True,
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "--device {cuda,cpu}" in done.stdout


def test_what_cannot_be_installed_is_named_in_two_lines(tmp_path: Path) -> None:
    """By a Python without any of it, where no package index answers."""
    copy = tmp_path / "project"
    (copy / "scripts/gpu_check").mkdir(parents=True)
    for name in ("pyproject.toml", "scripts/gpu_check.sh", "scripts/gpu_check/missing.py"):
        shutil.copy(ROOT / name, copy / name)
    venv.create(tmp_path / "bare")
    environ = {"PYTHON": str(tmp_path / "bare/bin/python"), "PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1"}
    done = subprocess.run([copy / "scripts/gpu_check.sh"], capture_output=True, text=True, env=environ)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("gpu_check: ")]
    assert said[0].startswith("gpu_check: missing: huggingface_hub ") and " torch " in said[0]
    assert " dvc " in said[0], "what trains is needed too"
    assert said[1:] == [
        "gpu_check: cannot install them here; install the project first (pip install '.[pipeline]')"
    ]


@pytest.mark.slow
def test_all_of_it_holds_on_a_cpu() -> None:
    command = [str(SCRIPT), "--device", "cpu", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    header, _, *found = rows(done.stdout)
    assert header == ["check", "figure", "tolerance", "ok"]
    assert {row[3] for row in found} == {"yes"}
    names = "\n".join(row[0] for row in found)
    for what in EXPECTED:
        assert what in names, what
