"""Training of Feng et al.'s specialists against what it comes from, side by side in one run.

python benchmarks/pretext.py [--only step prepare load pieces] [--timm resnet18] [--size 224] [--batch 8]
    [--width 16] [--parts st ho hp] [--device cuda] [--threads 1] [--rounds 5]

step      a whole step of a specialist (inputs, losses, optimiser) over forwards and backwards of backbone and
          heads on inputs and targets that are ready
prepare   Lab, shrinking, tiles and normalisation alone, as a share of the step
load      images decoded and cropped by two threads over the step's rate; reading files is not in it
pieces    super resolution of a batch image by image: memory over that of one image, and how far gradients are
          from those of the whole batch at once, of the largest

Goals: a step >= 0.85 of bare; prepare < 5 %; load >= the step's rate; pieces: memory of one. Weights are
random. On a CPU, times are those of the process, so that others count less; medians of the same rounds.
"""

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measured.process import measured
from measured.small_models import write_timm
from PIL import Image
from torch import Tensor

from pacl_core.methods.feng.heads.dense import SuperResolution
from pacl_core.methods.feng.heads.pieces import loss_in_pieces
from pacl_core.methods.feng.method import Piece, Specialist
from pacl_core.methods.feng.pretext.tasks import colorization, super_resolution
from pacl_core.methods.feng.run import make_specialist
from pacl_core.methods.feng.stored import Labels, PretextSet
from pacl_core.methods.feng.tasks.caption import Captioning
from pacl_core.methods.feng.tasks.classes import Labelled, Puzzle
from pacl_core.methods.feng.tasks.dense import Colorization, Enlarging
from pacl_core.models.backbones import load_backbone
from pacl_core.params.feng import FengParams
from pacl_core.params.models import BackboneParams
from pacl_core.training.distributed import World
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.state import TrainState
from pacl_core.training.step import update

CLASSES, IMAGES = 100, 64
KINDS = ("step", "prepare", "load", "pieces")
MAPS = ((64, 16), (128, 8), (256, 4), (512, 2))  # of a ResNet-18 on 64 pixels
Pass = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--timm", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--width", type=int, help="of the heads of ST; that of the paper without it")
    parser.add_argument("--parts", nargs="+", default=["st", "ho", "hp"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", type=int, nargs=2, metavar=("IMAGES", "PIECE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    if asked.peak:
        print(peak(*asked.peak, width=asked.width or 64, device=asked.device))
        return
    if set(asked.only) - {"pieces"}:
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            given = BackboneParams(**write_timm(asked.timm, asked.size, Path(folder)))
            for part in asked.parts:
                own = settings(asked)
                images = dict.fromkeys(("scene", "anp", "caption"), photographs())
                method = make_specialist(
                    load_backbone(given), images, own, part=part, pool=pool, world=World(device=asked.device)
                )
                measure(method, f"{part} {asked.timm} {asked.size}", asked)
    if "pieces" in asked.only:
        pieces(asked)


def settings(asked: argparse.Namespace) -> FengParams:
    """The published settings at another batch, and tiles and low resolution in proportion."""
    low, batch = asked.size * 64 // 224, {"batch_size": asked.batch}
    tree: dict[str, Any] = {
        "sets": {"scene": "made", "anp": "made", "caption": "made"},
        "init": "weights",
        "seed": 0,
        "precision": "float32",
        **dict.fromkeys(("st", "ho", "hp"), batch),
        "color": {"width": asked.width},
        "sr": {"width": asked.width, "low": low, "high": 4 * low},
        "jigsaw": {"side": 3 * low},
        "caption": {"min_count": 1},
        "distil": {},
    }
    return FengParams.model_validate(tree)


def photographs() -> PretextSet:
    """JPEGs of 341 x 256 pixels, as those of Places365's small form; captions of ten words."""
    rng = np.random.default_rng(0)

    def jpeg() -> bytes:
        small = Image.fromarray(rng.integers(0, 255, (32, 43, 3), dtype=np.uint8))
        stream = io.BytesIO()
        small.resize((341, 256), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
        return stream.getvalue()

    files = [jpeg() for _ in range(IMAGES)]
    words = [f"word{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10]}" for number in range(100)]

    def image(row: int) -> Image.Image:
        with Image.open(io.BytesIO(files[row])) as opened:
            return opened.convert("RGB")

    return PretextSet(
        name="made",
        sample_ids=[str(row) for row in range(IMAGES)],
        image=image,
        splits=np.array(["train"] * IMAGES, np.str_),
        labels={"class": Labels(tuple(words), np.arange(IMAGES, dtype=np.int64) % CLASSES)},
        captions=[" ".join(rng.choice(words, 10)) for _ in range(IMAGES)],
    )


def measure(method: Specialist, what: str, asked: argparse.Namespace) -> None:
    device = asked.device
    state = TrainState(method.model, make_optimiser(method.model, method.learning_rates, method.params), {})
    batch = next(iter(method.batches(0)))
    inputs = method.load(0, batch)
    world = World(device=device)
    heads = [ready(method, piece) for piece in inputs]
    passes: dict[str, Pass] = {
        "step": lambda: update(method, state, method.params, inputs=inputs, world=world),
        "bare": lambda: [run() for run in heads],
        "prepare": lambda: [prepared(method, piece) for piece in inputs],
    }
    seconds = medians(passes, asked.rounds, device)
    rate = asked.batch / seconds["step"]
    if "step" in asked.only:
        print(
            f"step    {what}: {rate:8.1f} images/s, {seconds['bare'] / seconds['step']:5.2f} of bare",
            flush=True,
        )
    if "prepare" in asked.only:
        print(f"prepare {what}: {100 * seconds['prepare'] / seconds['step']:5.2f} % of a step", flush=True)
    if "load" in asked.only:
        # times of the process count both threads: a rate of one, and two of them
        loading = medians({"load": lambda: method.load(0, batch)}, asked.rounds, "cpu")["load"]
        print(
            f"load    {what}: {2 * asked.batch / loading / rate:5.2f} x the step's rate by two threads",
            flush=True,
        )


def prepared(method: Specialist, piece: Piece) -> tuple[Tensor, ...]:
    """Inputs of the backbone, and of images as targets those too."""
    task, seen = method.tasks[piece.task], piece.seen
    if isinstance(task, Colorization):
        return colorization(seen.pixels)
    if isinstance(task, Enlarging):
        shrunk, targets = super_resolution(seen.pixels, task.low)
        return task.preprocess.normalise(shrunk), targets
    if isinstance(task, Puzzle):
        return (task.preprocess.normalise(task.tiles(seen).flatten(0, 1)),)
    return (method.network.preprocess.normalise(seen.pixels),)


def ready(method: Specialist, piece: Piece) -> Pass:
    """Forward and backward of backbone and head on what `prepared` made once."""
    task, network, (inputs, *targets) = method.tasks[piece.task], method.network, prepared(method, piece)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    head = task.head

    def outputs() -> Sequence[Tensor]:
        if isinstance(task, Colorization | Enlarging):
            return [(head(network.stages(inputs), tuple(inputs.shape[-2:])) - targets[0]).square().mean()]
        if isinstance(task, Captioning):
            said = head(network.stages(inputs)[-1], piece.seen.targets[0])
            return [said.logits.square().mean(), said.attention.square().mean()]
        features = network.features(inputs)
        assert isinstance(task, Labelled | Puzzle)
        shaped = features.unflatten(0, (-1, 9)) if isinstance(task, Puzzle) else features
        return [head(shaped).square().mean()]

    def run() -> None:
        method.model.zero_grad()
        torch.autograd.backward(list(outputs()))

    return run


def medians(passes: dict[str, Pass], rounds: int, device: str) -> dict[str, float]:
    """Seconds of each, in turns; the first turn does not count."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in passes}
    for number in range(rounds + 1):
        for name, run in passes.items():
            started = clock()
            run()
            if device != "cpu":
                torch.cuda.synchronize()
            if number:
                times[name].append(clock() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def pieces(asked: argparse.Namespace) -> None:
    """Each in a process of its own, next to one that makes inputs and weights only."""
    width = asked.width or 64

    def used(images: int, size: int) -> float:
        command = [sys.executable, __file__, "--device", asked.device, "--width", str(width), "--peak"]
        found = measured([*command, str(images), str(size)])
        return float(found.output.split()[-1])

    one, all_at_once = used(1, 1), used(asked.batch, asked.batch)
    by_one = used(asked.batch, 1)
    # in float64: sums of a million errors of either sign round by percents in float32
    head, maps, targets = enlarging(asked.batch, width, asked.device)
    head, maps, targets = (
        head.double(),
        [one.detach().double().requires_grad_() for one in maps],
        targets.double(),
    )
    gradients = [gradients_of(head, maps, targets, size) for size in (1, asked.batch)]
    apart = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*gradients, strict=True))
    print(
        f"pieces  width {width}, {asked.batch} images one by one: {by_one / one:5.2f} x the memory of one "
        f"({one:.0f} MB; at once {all_at_once / one:.2f} x); gradients differ by {apart:.1e}"
    )


def enlarging(images: int, width: int, device: str) -> tuple[SuperResolution, list[Tensor], Tensor]:
    """A head, stage maps and targets of 256 pixels."""
    torch.manual_seed(0)
    maps = [
        torch.rand(images, channels, side, side, device=device, requires_grad=True) for channels, side in MAPS
    ]
    head = SuperResolution([channels for channels, _ in MAPS], width).to(device)
    return head, maps, torch.rand(images, 3, 256, 256, device=device)


def gradients_of(head: SuperResolution, maps: list[Tensor], targets: Tensor, size: int) -> list[Tensor]:
    def loss(some: Sequence[Tensor], wanted: Tensor) -> Tensor:
        return (head(some, (64, 64)) - wanted).square().sum() / targets.numel()

    total = loss_in_pieces(loss, head, maps=maps, targets=targets, size=size)
    return list(torch.autograd.grad(total, [*maps, *head.parameters()]))


def peak(images: int, size: int, *, width: int, device: str) -> float:
    """MB that the passes take on top of head, maps and targets."""
    head, maps, targets = enlarging(images, width, device)
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        gradients_of(head, maps, targets, size)
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux: the peak is what is held now
    before = peak_resident()
    gradients_of(head, maps, targets, size)
    return (peak_resident() - before) / 1e3


def peak_resident() -> int:
    """kB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
