"""Stages of a small project as real processes, started, killed and looked at from outside."""

import atexit
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO

from stages.declared import declared, read_yaml

Tree = dict[str, bytes]


@dataclass
class Process:
    """One started stage; `status` is its exit code, negative for the signal that ended it."""

    pid: int
    started: float
    errors: Path
    _server: IO[str]
    _ended: int | None = None

    def wait(self) -> int:
        if self._ended is None:
            self._ended = os.waitstatus_to_exitcode(int(self._server.readline()))
            self._server.close()
        return self._ended

    def kill(self, number: int) -> None:
        """Send a signal; one that is over already is left alone."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    @property
    def running(self) -> bool:
        """False for one that is over and waits to be asked for its status."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    @property
    def output(self) -> str:
        return self.errors.read_text(errors="replace") if self.errors.exists() else ""


@dataclass
class Starter:
    """The fork server at `address`, and the environment of every stage that it starts."""

    address: Path
    told: Path
    environment: dict[str, str]
    _number: Iterator[int] = field(default_factory=count)

    def start(self, folder: Path, *arguments: str, **environment: str) -> Process:
        """Start `python -m stages.<arguments>` in `folder`."""
        errors = self.told / f"errors-{next(self._number)}"  # not in the folder: its disk may be full
        given = {
            "folder": str(folder),
            "arguments": (f"stages.{arguments[0]}", *arguments[1:]),
            "environment": self.environment | environment,
        }
        with errors.open("wb") as written, socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.address))
            told = f"{json.dumps(given)}\n".encode()
            socket.send_fds(client, [told], [written.fileno(), written.fileno()])
            answers = client.makefile()
        return Process(int(answers.readline()), time.monotonic(), errors, answers)

    def run(self, folder: Path, *arguments: str, **environment: str) -> Process:
        process = self.start(folder, *arguments, **environment)
        process.wait()
        return process


@cache
def starter() -> Starter:
    """The fork server of this test process, which ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="fork-"))
    environ = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = (sys.executable, str(Path(__file__).with_name("fork_server.py")), str(folder / "socket"))
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
    atexit.register(_end, server, folder)
    assert server.stdout is not None and server.stdout.readline().strip() == "ready"
    machine = {"PACL_DEVICE": "cpu", "PACL_WORKERS": "2", "PACL_BATCH": "8"}
    return Starter(folder / "socket", folder, environ | machine)


def _end(server: subprocess.Popen[str], folder: Path) -> None:
    server.communicate()
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Stage:
    """One stage of the DAG as DVC would run it: its arguments and its outs."""

    name: str
    arguments: tuple[str, ...]
    outs: tuple[str, ...]

    @property
    def lock(self) -> Path:
        return Path(".pacl/locks") / f"{'-'.join(self.arguments)}.lock"


def stages(root: Path) -> list[Stage]:
    """Every stage of dvc.yaml, templates filled in by DVC itself, in the order of running."""
    command = (sys.executable, "-m", "dvc", "dag", "--dot")
    environ = os.environ | {"DVC_NO_ANALYTICS": "1"}
    drawn = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=True).stdout
    edges = [
        tuple(part.strip(' ";') for part in line.split("->")) for line in drawn.splitlines() if "->" in line
    ]
    resolved = _resolved(root)
    waiting = {name: {a for a, b in edges if b == name} for name in resolved}
    order: list[str] = []
    while waiting:
        ready = sorted(name for name, needs in waiting.items() if needs <= set(order))
        order += ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return [resolved[name] for name in order]


def _resolved(root: Path) -> dict[str, Stage]:
    script = """
import json
from dvc.repo import Repo
found = {}
for stage in Repo('.').index.stages:
    outs = [str(out.def_path) for out in stage.outs]
    found[stage.addressing] = [stage.cmd, outs]
print(json.dumps(found))
"""
    command = (sys.executable, "-c", script)
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    found, params = {}, read_yaml(root / "params.yaml")
    for name, (shell, outs) in json.loads(told.splitlines()[-1]).items():
        module, *given = shlex.split(shell.removeprefix("python -m stages.").replace("$DVC_STAGE", name))
        of_yaml = declared(module, given, params, file=root / "dvc.yaml")
        assert of_yaml is not None, name
        found[name] = Stage(name, (module, *of_yaml.arguments), tuple(outs))
    return found


def tree(root: Path, stage: Stage) -> Tree:
    """Every file of the stage's outs by its path."""
    found = {}
    for out in stage.outs:
        path = root / out
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found[str(file.relative_to(root))] = file.read_bytes()
    return found


def remove(root: Path, stage: Stage) -> None:
    """Delete the outs, as DVC does before it runs a stage, and the machine's record of times, which the
    report shows where there is one: it is not an artefact, and differs in every run.
    """
    shutil.rmtree(root / ".pacl/timings", ignore_errors=True)
    for out in stage.outs:
        path = root / out
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def drafts(root: Path) -> list[Path]:
    return [path for path in root.rglob(".*.draft") if ".dvc" not in path.parts]


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again, closely: whether it came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.0005)
    return False
