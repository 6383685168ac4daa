"""Training on the device: the CPU's loss and gradients, runs to the end, a kill, the traffic of ranks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load_file
from torch import Tensor

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training.method import Inputs, make_pacl
from pacl_core.models.backbones import load_backbone
from pacl_core.training.distributed import World
from pacl_core.training.method import Batch
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.pixels import ImageSource
from pacl_core.training.state import TrainState
from pacl_core.training.step import add_gradients
from scripts.gpu_check.inputs import Place, backbone
from scripts.gpu_check.run import PARAMS, trained
from scripts.gpu_check.table import Row, at_most

# relative: of a loss, of all gradients as one vector, of the loss after a run. float32 differs by the order
# of sums; bfloat16 has 8 bits, and its gradients go through 20 layers of random weights
ALLOWED = {"float32": (1e-4, 2e-3, 1e-2), "bfloat16": (5e-2, 0.25, 5e-2)}


def precisions(place: Place) -> Iterator[Row]:
    """Loss, gradients and a short run at each precision, compiled and not, against float32 on the CPU.

    All but plain float32 look at strong pairs alone: the other partitions choose their filters and positives
    by the highest similarity, and where two are near, another rounding chooses another.
    """
    expected = {parts: _step(place, PARAMS, "cpu", parts=parts) for parts in (PARTITIONS, PARTITIONS[:1])}
    strong = PARAMS.model_copy(update={"usage": "strong"})
    slow = _last_loss(place, strong, "cpu")
    ways = [(precision, compiled) for compiled in (False, True) for precision in ALLOWED]
    for precision, compiled in ways if place.sizes.compiled else ways[:2]:
        torch._dynamo.reset()
        what = f"{precision}, compiled" if compiled else precision
        options = {"precision": precision, "compile": compiled}
        parts = PARTITIONS if what == "float32" else PARTITIONS[:1]
        loss_off, gradient_off, run_off = ALLOWED[precision]
        loss, gradient = _step(place, PARAMS.model_copy(update=options), place.device, parts=parts)
        exact_loss, exact_gradient = expected[parts]
        off = (gradient - exact_gradient).norm() / exact_gradient.norm()
        yield at_most(f"train {what}: loss, to CPU float32", abs(loss / exact_loss - 1), loss_off)
        yield at_most(f"train {what}: gradients, to CPU float32", off.item(), gradient_off)
        last = _last_loss(place, strong.model_copy(update=options), place.device)
        yield at_most(f"train {what}: loss after a run", abs(last / slow - 1), run_off)


def _step(place: Place, params: TrainParams, device: str, *, parts: tuple[str, ...]) -> tuple[float, Tensor]:
    """The summed loss and all gradients, on the CPU, of one step over a batch of `parts`."""
    with TemporaryDirectory(dir=place.folder) as folder, ThreadPoolExecutor(4) as pool:
        work, world = Path(folder), World(device=device)
        samples, started = read_shards(place.shards, work), load_backbone(backbone(work))
        images = ImageSource(samples.image, len(samples.sample_ids), started.preprocess, work, pool)
        method = make_pacl(Inputs(samples, started), params, images=images, world=world)
        state = TrainState(method.model, make_optimiser(method.model, method.learning_rates, params), {})
        batch = Batch({name: method.rows[name][: params.batch_size] for name in parts})
        losses = add_gradients(method, state, method.load(0, batch), world=world)
        gradients = [p.grad.flatten().double().cpu() for p in state.parameters if p.grad is not None]
        return sum(loss.item() for loss in losses.terms.values()), torch.cat(gradients)


def _last_loss(place: Place, params: TrainParams, device: str) -> float:
    with TemporaryDirectory(dir=place.folder) as work:
        _, history = trained(place.folder, Path(work), params, world=World(device=device))
    return history[-1]["loss/strong"]


def interruptions(place: Place) -> Iterator[Row]:
    """A run killed within an epoch and resumed, one left alone, and one whose rank sends everything."""
    alone = _run(place, "whole")
    _kill_within_an_epoch(place, "killed")
    resumed = _run(place, "killed")
    apart = max((alone[name] - value).abs().max().item() for name, value in resumed.items())
    yield at_most("killed and resumed: largest difference of a weight", apart, 0.0)
    ranks = "torchrun, one rank on " + ("gloo" if place.device == "cpu" else "nccl")
    sent = _run(place, "group", group=True)
    one, other = (_history(place, name)[-1]["loss/strong"] for name in ("whole", "group"))
    yield at_most(f"{ranks}: loss, to one alone", abs(other / one - 1), 1e-3)
    off = torch.cat([(alone[name] - value).flatten().double() for name, value in sent.items()]).norm()
    size = torch.cat([value.flatten().double() for value in alone.values()]).norm()
    yield at_most(f"{ranks}: weights, to one alone", (off / size).item(), 1e-3)


def _kill_within_an_epoch(place: Place, name: str) -> None:
    work, log = place.folder / name, place.folder / f"{name}.log"
    with log.open("wb") as said, subprocess.Popen(_command(place, name), stderr=said) as process:
        while not any(not path.name.endswith("-000000000") for path in work.glob("epoch-*")):
            if process.poll() is not None:
                raise RuntimeError(f"ended before it could be killed: {log.read_text()[-300:]}")
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)


def _command(place: Place, name: str, *, group: bool = False) -> list[str]:
    start = [sys.executable, "-m"]
    if group:
        start += [
            "torch.distributed.run",
            "--standalone",
            "--local-addr",
            "127.0.0.1",
            "--nproc-per-node",
            "1",
        ]
        start += ["-m"]
    folders = [str(place.folder), str(place.folder / name), place.device]
    return [*start, "scripts.gpu_check.run", *folders, *(["--group"] if group else [])]


def _run(place: Place, name: str, *, group: bool = False) -> dict[str, Tensor]:
    environ = os.environ | ({"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {})
    command = _command(place, name, group=group)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environ)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-300:]}")
    return load_file(place.folder / name / "trained.safetensors")


def _history(place: Place, name: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = json.loads((place.folder / name / "history.json").read_text())
    return found
