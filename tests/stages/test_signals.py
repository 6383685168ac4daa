"""How a stage ends on a signal: in processes of their own, since the handlers are of the whole process."""

import signal
import subprocess
import sys

import pytest

from tests.paths import ROOT

# Raises each signal in itself; the handler runs before the next line.
START = """
import os, signal, sys
from stages.signals import end_cleanly, exit_code
{before}
end_cleanly()
"""


def run(code: str, before: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START.format(before=before) + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_unwinds_as_an_interrupt_and_has_its_exit_code(name: str) -> None:
    done = run(f"""
try:
    os.kill(os.getpid(), signal.{name})
except KeyboardInterrupt:
    print("cleaned up")
    sys.exit(exit_code())
""")
    assert (done.returncode, done.stdout) == (128 + signal.Signals[name], "cleaned up\n")


def test_a_second_one_ends_at_once() -> None:
    done = run("""
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGINT)
finally:
    print("cleaned up", flush=True)
""")
    assert (done.returncode, done.stdout) == (143, "")
    assert done.stderr.strip() == "interrupted again; ended at once; 'dvc repro' resumes from here"


def test_one_that_nobody_catches_is_a_line_and_no_traceback() -> None:
    done = run("os.kill(os.getpid(), signal.SIGHUP)")
    assert done.returncode == 129
    assert done.stderr.strip() == "interrupted before its work began; 'dvc repro' resumes from here"


def test_one_that_the_parent_ignores_stays_ignored() -> None:
    done = run(
        "os.kill(os.getpid(), signal.SIGHUP); print('still here')",
        before="signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert (done.returncode, done.stdout) == (0, "still here\n")


def test_other_errors_keep_their_traceback() -> None:
    done = run("raise ValueError('broken')")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback") and done.stderr.endswith("ValueError: broken\n")


def test_an_interrupt_without_a_signal_is_as_ctrl_c() -> None:
    assert run("print(exit_code())").stdout == "130\n"
