"""What every stage finds when it starts."""

import os
import shutil
from pathlib import Path

import pytest

from pacl_core.methods.params import Params
from stages.run import run
from tests.paths import ROOT


def test_products_on_a_gpu_repeat_in_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # so that it is put back
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr("sys.argv", ["stages.measure"])
    seen: list[str] = []

    def main(params: Params) -> None:
        seen.append(os.environ["CUBLAS_WORKSPACE_CONFIG"])

    run("measure", main)
    assert seen == [":4096:8"]
