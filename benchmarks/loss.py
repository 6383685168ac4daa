"""L1 .. L4 against open_clip's ClipLoss, forward and backward: time and memory, side by side.

python benchmarks/loss.py [--sizes 64 512 4096] [--chunk 512] [--device cpu] [--threads 1]; 16384 wants 8 GB.
--only clip chunked leaves out what takes the memory of a whole similarity.
Goals: time <= 1.5 x ClipLoss, saved for the backward pass <= 1.5 B^2 floats. Both sides start at the same
features, as ClipLoss does; its two products of features against our one are part of the time ("x Clip"),
so the time on a similarity that is there already, against two cross-entropies, stands beside it ("x bare").
Saved is without the features themselves, the peak with their gradients; both in floats per B^2.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own remarks

import torch
from open_clip.loss import ClipLoss
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy, normalize
from torch.profiler import ProfilerActivity, profile

from pacl_core.methods.pacl.objective import Labels, chunked_partition_loss, partition_loss
from pacl_core.methods.pacl.partitions import PARTITIONS

TAU = 0.07
WIDTH = 256  # narrow on purpose: the products of features are where we are ahead
SECONDS = 1.0  # per size and kind of comparison
Loss = Callable[[], Tensor]


def timed(loss: Loss, device: str) -> float:
    started = time.perf_counter()
    loss().backward()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def medians(losses: dict[str, Loss], device: str) -> dict[str, float]:
    """Seconds per forward and backward; the losses take turns, so that all meet the same machine."""
    times: dict[str, list[float]] = {name: [] for name in losses}
    started = time.perf_counter()
    while len(times["clip"]) < 3 or time.perf_counter() - started < SECONDS:
        for name, loss in losses.items():
            times[name].append(timed(loss, device))
    return {name: statistics.median(values) for name, values in times.items()}


def memory(loss: Loss, given: tuple[Tensor, ...], device: str) -> tuple[int, int]:
    """Bytes kept for the backward pass in distinct storages other than the `given`; peak of both passes."""
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    for tensor in given:
        tensor.grad = None  # the gradients of the features are part of the peak
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        with saved_tensors_hooks(note, lambda tensor: tensor):
            kept = loss()  # alive until all are counted, so that no address is used twice
        kept.backward()
    for tensor in given:
        storages.pop(tensor.untyped_storage().data_ptr(), None)
    saved = sum(storages.values())
    if device == "cuda":
        return saved, torch.cuda.max_memory_allocated() - before
    held = peak = 0
    events = (event for event in record.profiler.kineto_results.events() if event.name() == "[memory]")
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return saved, peak


def table(size: int, chunk: int, device: str, *, only: list[str]) -> None:
    torch.manual_seed(0)
    images, texts = (normalize(torch.randn(size, WIDTH, device=device), dim=1).requires_grad_() for _ in "vt")
    similarity = (images @ texts.T).detach().requires_grad_() if set(PARTITIONS) & set(only) else images
    labels = Labels(*torch.randint(100, (2, size), device=device))
    order = torch.arange(size, device=device)
    clip = ClipLoss()

    def entropies() -> Tensor:
        logits = similarity / TAU
        return (cross_entropy(logits, order) + cross_entropy(logits.T, order)) / 2

    def whole(partition: str) -> Loss:
        return lambda: partition_loss(images @ texts.T, partition, labels, temperature=TAU)

    def alone(partition: str) -> Loss:
        return lambda: partition_loss(similarity, partition, labels, temperature=TAU)

    def chunked(partition: str) -> Loss:
        return lambda: chunked_partition_loss(
            images, texts, partition, labels=labels, temperature=TAU, chunk=chunk
        )

    steps: dict[str, Loss] = {"clip": lambda: clip(images, texts, 1 / TAU)}
    steps |= {name: whole(name) for name in PARTITIONS}
    steps["chunked"] = chunked("weak")
    steps = {name: loss for name, loss in steps.items() if name in only}
    step_times = medians(steps, device)
    bare = {name: alone(name) for name in PARTITIONS if name in only}
    bare_times = medians({"clip": entropies} | bare, device) if bare else {}
    square = 4 * size**2
    for name, loss in steps.items():
        saved, peak = (amount / square for amount in memory(loss, (images, texts), device))
        clip_ratio = f"{step_times[name] / step_times['clip']:8.2f}"
        bare_ratio = f"{bare_times[name] / bare_times['clip']:8.2f}" if name in bare_times else " " * 8
        title = {"clip": "ClipLoss", "chunked": f"weak, chunk {chunk}"}.get(name, name)
        row = f"{size:>6} {title:<18} {1e3 * step_times[name]:9.2f} {clip_ratio} {bare_ratio}"
        print(f"{row} {saved:8.2f} {peak:8.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 512, 4096])
    parser.add_argument("--chunk", type=int, default=512)
    parser.add_argument("--device", default="cpu")
    names = ["clip", *PARTITIONS, "chunked"]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="clip is always measured")
    parser.add_argument("--threads", type=int, default=1, help="more are quicker, and less repeatable")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{'B':>6} {'loss':<18} {'ms':>9} {'x Clip':>8} {'x bare':>8} {'saved/B²':>8} {'peak/B²':>8}")
    for size in arguments.sizes:
        table(size, arguments.chunk, arguments.device, only=["clip", *arguments.only])
