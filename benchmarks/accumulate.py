"""A step whose batch passes the backbone in pieces, against one that holds all activations at once.

python benchmarks/accumulate.py [--batch 256] [--pieces 8] [--rounds 3]
python benchmarks/accumulate.py --model resnet50 --image-size 224 --device cuda --batch 1024 --pieces 16

A step is the backbone forwards, a contrastive loss over the whole batch, and the way back. Each way runs in a
process of its own; rounds are interleaved, times are medians. Memory is what the process, or the GPU, held at
most beyond what it held before the first step; `piece` is a plain step of one piece.

Goals: accumulated <= 1.4 x plain in time an image; its memory that of a piece.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import timm
import torch
from torch import nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World
from pacl_core.training.forward import backbone_features, learning


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="tf_efficientnet_lite0", help="a timm model, with random weights")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--pieces", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.way:
        print(json.dumps(measured(chosen)))
        return
    ways = ("plain", "accumulated", "piece")
    rounds = [{way: _run(way) for way in ways} for _ in range(chosen.rounds)]
    seconds = {way: statistics.median(one[way]["seconds"] for one in rounds) for way in ways}
    memory = {way: statistics.median(one[way]["megabytes"] for one in rounds) for way in ways}
    what = f"{chosen.model}, {chosen.image_size} px, {chosen.device}"
    print(f"{what}: batch {chosen.batch} in {chosen.pieces} pieces")
    print("| way | ms an image | MB |\n|---|---|---|")
    for way in ways:
        print(f"| {way} | {1000 * seconds[way]:.2f} | {memory[way]:.0f} |")
    slower = seconds["accumulated"] / seconds["plain"]
    print(f"accumulated / plain: {slower:.2f} in time (goal 1.4)")
    print(f"accumulated / piece: {memory['accumulated'] / memory['piece']:.2f} in memory")


def _run(way: str) -> dict[str, float]:
    found = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--way", way], check=True, capture_output=True, text=True
    )
    return dict(json.loads(found.stdout))


def measured(chosen: argparse.Namespace) -> dict[str, float]:
    """Seconds an image of a step after one to warm up, and megabytes beyond those before it."""
    params = TrainingParams(batch_norm="frozen")
    count = chosen.batch // chosen.pieces if chosen.way == "piece" else chosen.batch
    pieces = chosen.pieces if chosen.way == "accumulated" else 1
    torch.manual_seed(0)
    module = learning(timm.create_model(chosen.model, num_classes=0), params, chosen.device)
    world = World(device=chosen.device)
    features = backbone_features(module, module.num_features, params, world=world, pieces=pieces)
    images = torch.randn(count, 3, chosen.image_size, chosen.image_size, device=chosen.device)
    before = _megabytes(chosen.device)
    step(module, features(images))
    started = time.perf_counter()
    step(module, features(images))
    return {
        "seconds": (time.perf_counter() - started) / count,
        "megabytes": _megabytes(chosen.device) - before,
    }


def step(module: nn.Module, features: torch.Tensor) -> None:
    alike = nn.functional.normalize(features)
    nn.functional.cross_entropy(
        alike @ alike.T / 0.07, torch.arange(len(alike), device=alike.device)
    ).backward()
    module.zero_grad()
    if features.is_cuda:
        torch.cuda.synchronize()


def _megabytes(device: str) -> float:
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
