"""A command in a process of its own: its time and its peak memory, anonymous pages apart.

Pages of mapped files count as resident but go whenever the system wants them; anonymous ones stay.
"""

import os
import subprocess
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
    peaks = {"VmHWM": 0, "RssAnon": 0}
    while True:
        finished, status, usage = os.wait4(child.pid, os.WNOHANG)
        if finished:
            break
        _raise_to_current(peaks, child.pid)
        time.sleep(POLL)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.stdout is not None
    output = child.stdout.read()
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}\n{output}")
    # not usage.ru_maxrss where there is a choice: Linux counts the parent's pages at the fork in it
    rss = peaks["VmHWM"] or usage.ru_maxrss
    return Measured(seconds, usage.ru_utime + usage.ru_stime, rss, peaks["RssAnon"], output)


def _raise_to_current(peaks: dict[str, int], pid: int) -> None:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:  # gone between two looks, or no /proc (macOS)
        return
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name in peaks:
            peaks[name] = max(peaks[name], int(value.split()[0]) * 1024)
