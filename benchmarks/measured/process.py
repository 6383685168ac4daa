"""A command in a process of its own: its time and its peak memory, anonymous pages apart.

Pages of mapped files count as resident but go whenever the system wants them; anonymous ones stay.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

POLL = 0.005  # seconds between looks at a process' memory


@dataclass(frozen=True)
class Measured:
    """Wall `seconds`, `cpu` seconds of all threads; `rss` peak resident, `anonymous` peak anonymous bytes.

    `output`: what it said.
    """

    seconds: float
    cpu: float
    rss: int
    anonymous: int
    output: str


def measured(
    command: list[str], folder: Path | None = None, environ: dict[str, str] | None = None
) -> Measured:
    """Run a command to its end. A non-zero exit is a RuntimeError with what the command said."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | (environ or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    anonymous = 0
    while True:
        finished, status, usage = os.wait4(child.pid, os.WNOHANG)
        if finished:
            break
        anonymous = max(anonymous, _anonymous(child.pid))
        time.sleep(POLL)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.stdout is not None
    output = child.stdout.read()
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}\n{output}")
    unit = 1024 if sys.platform == "linux" else 1  # macOS counts bytes
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, anonymous, output)


def _anonymous(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:  # gone between two looks, or no /proc (macOS)
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
    return int(found[0]) * 1024 if found else 0
