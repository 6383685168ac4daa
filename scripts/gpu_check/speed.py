"""The benchmarks as they are, each a process of its own; their figures are to look at, not to hold."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.gpu_check.inputs import Place
from scripts.gpu_check.table import Row

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def training_steps(place: Place) -> Iterator[Row]:
    """Images/s of a step at bfloat16 (what a GPU is bought for), and of the backbone alone."""
    for name, size in place.sizes.models:
        options = ["--shards", str(place.shards), "--model", name, "--image-size", str(size)]
        options += ["--precision", "bfloat16", "--batch", str(place.sizes.batch), "--text-rounds", "0"]
        rounds = str(place.sizes.rounds)
        said = _said("train.py", *options, "--rounds", rounds, "--device", place.device)
        rates = {line[:14].strip(): line[14:].split() for line in said.splitlines()[1:]}
        for step in ("bare", "full, phase 3"):
            rate, part = rates[step]
            yield Row(
                f"step of {name}, {size} px, bfloat16: {step}", f"{rate} images/s, {part} of bare", "-", True
            )


def encoding(place: Place) -> Iterator[Row]:
    """Images/s of the pass that embeds, and over the bare model's."""
    for name, size in place.sizes.models:
        options = ["--model", name, "--image-size", str(size), "--pairs", str(place.pairs)]
        options += ["--batch", str(place.sizes.encoding_batch), "--device", place.device]
        options += ["--rounds", str(place.sizes.rounds)]
        figures = _said("throughput.py", *options).splitlines()[-1].split(" px")[-1].split()
        bare, _, ours, part, _, half = figures[:6]
        title = f"pass of {name}, {size} px"
        yield Row(f"{title}, float32", f"{ours} images/s, {part} of bare ({bare})", "-", True)
        yield Row(f"{title}, bfloat16", f"{half} images/s", "-", True)


def objective(place: Place) -> Iterator[Row]:
    """Time and memory of a large batch's loss in chunks, next to open_clip's ClipLoss."""
    for size in place.sizes.losses:
        options = ["--sizes", str(size), "--chunk", str(place.sizes.chunk), "--only", "chunked"]
        lines = _said("loss.py", *options, "--device", place.device).splitlines()[1:]
        for line, title in zip(lines, ("ClipLoss", f"weak, chunk {place.sizes.chunk}"), strict=True):
            numbers = line.split(title)[1].split()
            milliseconds, ratio, peak = numbers[0], numbers[1], float(numbers[-1])
            gigabytes = peak * 4 * size**2 / 1e9
            figure = f"{milliseconds} ms ({ratio} x ClipLoss), {gigabytes:.3g} GB at most"
            yield Row(f"loss at B = {size}: {title}", figure, "-", True)


def _said(script: str, *options: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{script}: {' '.join(done.stderr.split())[-280:]}")
    return done.stdout
