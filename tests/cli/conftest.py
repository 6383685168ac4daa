"""Runs `pacl` as a person does, but in this process: torch is loaded once."""

import sys
from dataclasses import dataclass

import pytest

from pacl_core.cli.main import main
from tests.small_run import write_downstream, write_metrics, write_models, write_pairs_and_partition


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A small finished run; nobody writes into it."""
    root = tmp_path_factory.mktemp("finished")
    write_pairs_and_partition(root)
    write_models(root)
    write_downstream(root)
    write_metrics(root)
    return root


@pytest.fixture
def pacl(monkeypatch, capsys):
    """`pacl("predict", path)` -> exit code, stdout, stderr."""
    monkeypatch.setenv("PACL_DEVICE", "cpu")

    def run(*arguments) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pacl", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(ended.value.code or 0, captured.out, captured.err)

    return run
