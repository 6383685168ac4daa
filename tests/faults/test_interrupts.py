"""Ctrl-C and SIGTERM to a stage, as stages.signals and stages.run end it; two stages at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.processes import Process, Starter, drafts, remove, tree, until
from tests.faults.small_reference import Reference

pytestmark = pytest.mark.dag

LINE = "interrupted; 'dvc repro' resumes from here"


def lines_of(output: str, stage: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith(f"{stage}: error:")]


def in_the_work(reference: Reference, start: Starter, name: str = "text_embeddings") -> Process:
    """A started stage whose work is under way: its scratch is there."""
    remove(reference.root, reference.stages[name])
    process = start.start(reference.root, *reference.stages[name].arguments, PACL_BATCH="1")
    scratch = reference.root / ".pacl/scratch" / name
    assert until(lambda: any(scratch.glob("*/*")), 60), process.output
    return process


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stage_ends_cleanly_and_goes_on(
    reference: Reference, start: Starter, number: signal.Signals, code: int
) -> None:
    process = in_the_work(reference, start)
    os.killpg(process.pid, number)
    assert process.wait() == code, process.output
    assert lines_of(process.output, "text_embeddings") == [f"text_embeddings: error: {LINE}"]
    assert "Traceback" not in process.output
    assert not drafts(reference.root)
    assert list((reference.root / ".pacl/scratch/text_embeddings").iterdir())  # what is done is kept
    again = start.run(reference.root, "text_embeddings", PACL_BATCH="1")
    assert again.wait() == 0, again.output
    assert not (reference.root / ".pacl/scratch/text_embeddings").exists()
    restore(reference, start, "text_embeddings")


def test_a_second_one_ends_at_once(reference: Reference, start: Starter) -> None:
    process = in_the_work(reference, start)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.001)
    assert process.wait() == 130, process.output
    assert "Traceback" not in process.output
    assert "'dvc repro' resumes from here" in process.output
    restore(reference, start, "text_embeddings")


def test_among_the_imports_it_is_one_line_too(reference: Reference) -> None:
    """The real command line here: the fork server has its imports behind it."""
    environ = os.environ | {"PACL_DEVICE": "cpu"}
    command = (sys.executable, "-X", "importtime", "-m", "stages.train")
    with subprocess.Popen(
        command, cwd=reference.root, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rstrip().endswith(" numpy"):
                break
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "interrupted before its work began; 'dvc repro' resumes from here" in told


def test_one_that_was_to_be_ignored_is_ignored(reference: Reference) -> None:
    """As under nohup: the parent's choice is kept."""
    script = "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    script += f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'stages.leaks', 'emoji_sentiment'])"
    with subprocess.Popen(
        (sys.executable, "-c", script), cwd=reference.root, stderr=subprocess.PIPE, text=True
    ) as process:
        lock = reference.root / ".pacl/locks/leaks-emoji_sentiment.lock"
        assert until(lambda: lock.read_text() == str(process.pid) or process.poll() is not None, 60)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        told = process.stderr.read()
    assert process.returncode == 0, told


def test_two_at_once_the_second_says_so_and_the_first_finishes(reference: Reference, start: Starter) -> None:
    process = in_the_work(reference, start)
    process.kill(signal.SIGSTOP)  # it holds the lock for as long as this test needs
    try:
        second = start.run(reference.root, "text_embeddings")
    finally:
        process.kill(signal.SIGCONT)
    (line,) = lines_of(second.output, "text_embeddings")
    assert f"another process runs text_embeddings here (pid {process.pid})" in line
    assert second.wait() == 1
    assert process.wait() == 0, process.output
    restore(reference, start, "text_embeddings")


def restore(reference: Reference, start: Starter, name: str) -> None:
    """The bytes of the undisturbed run: another batch may have rounded otherwise."""
    stage = reference.stages[name]
    remove(reference.root, stage)
    done = start.run(reference.root, *stage.arguments)
    assert done.wait() == 0, done.output
    assert tree(reference.root, stage) == reference.outs[name]
    assert not (Path(reference.root) / ".pacl/scratch" / name).exists()
