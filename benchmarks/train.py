"""Images/s of a training step and of its parts, side by side: rounds interleaved, medians.

python benchmarks/train.py [--rounds 3] [--batch 64] [--text-rounds 1]; run `dvc repro shards` before.
python benchmarks/train.py --model resnet50 --image-size 224 --precision bfloat16 --device cuda

With --model, a timm model with random weights instead of the backbone of params.yaml.

bare       the backbone alone: forward and backward on tensors in memory
fed        the same, its images taken from the shards
full       the whole step of a phase: images, backbone, projectors, losses, optimiser
usual      what most code does: the same backbone, open_clip's loss, and a frozen text tower of SKEP's size
           (24 layers, 1024 wide, 77 tokens, random weights) that runs in every step

Goals: full >= 0.90 of bare; full of the first phase >= 2 x usual.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from measured.small_models import write_timm
from open_clip import ClipLoss
from torch.nn.functional import normalize
from transformers import RobertaConfig, RobertaModel

from pacl_core.methods.pacl.objective import scheduled_partitions
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training.method import Inputs, make_pacl
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.settings import runtime
from pacl_core.training.distributed import World
from pacl_core.training.method import Batch
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.pixels import ImageSource
from pacl_core.training.state import TrainState
from pacl_core.training.step import update

TOKENS, WIDTH = 77, 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--text-rounds", type=int, default=1)
    parser.add_argument("--shards", type=Path, default=Path("data/shards"))
    parser.add_argument("--model", help="a timm model, with random weights")
    parser.add_argument("--image-size", type=int, default=224, help="of --model")
    parser.add_argument("--precision", choices=["float32", "bfloat16"])
    parser.add_argument("--device", help="the machine's own by default")
    chosen = parser.parse_args()
    if not (chosen.shards / "index.json").is_file():
        raise SystemExit(f"{chosen.shards}: missing; run 'dvc repro shards' first")

    params, machine = load("params.yaml"), runtime()
    device = chosen.device or machine.device
    train = params.train.model_copy(update={"precision": chosen.precision or params.train.precision})
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(machine.workers) as pool:
        if chosen.model:
            published = BackboneParams(**write_timm(chosen.model, chosen.image_size, Path(work)))
        else:
            published = params.backbone
        backbone = load_backbone(published)
        samples = read_shards(chosen.shards, Path(work))
        source = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, Path(work), pool)
        world = World(device=device)
        method = make_pacl(Inputs(samples, backbone), train, images=source, world=world)
        state = TrainState(method.model, make_optimiser(method.model, method.learning_rates, train), {})
        projectors = method.model["projectors"]
        phases = {
            f"phase {1 + phase}": {
                partition: np.asarray(samples.rows[partition][: chosen.batch])
                for partition in scheduled_partitions(phase, 3)
                if len(samples.rows[partition])
            }
            for phase in range(3)
        }
        batches = phases["phase 3"]
        rows = np.concatenate(list(batches.values()))
        in_memory = method.views(0, rows)

        def bare() -> int:
            for piece in torch.split(in_memory, chosen.batch):
                method.features(piece).sum().backward()
            return len(in_memory)

        def fed() -> int:
            for piece in torch.split(method.views(0, rows), chosen.batch):
                method.features(piece).sum().backward()
            return len(rows)

        def full(batches: dict[str, np.ndarray]) -> int:
            batch = Batch(batches)
            update(method, state, train, inputs=method.load(0, batch), world=world)
            return batch.size

        def usual() -> int:
            images = method.views(0, rows[: chosen.batch])
            with torch.no_grad():
                texts = text_tower(input_ids=tokens).last_hidden_state[:, 0]
            z_v = normalize(projectors["image"](method.features(images)), dim=1)
            z_t = normalize(to_space(texts), dim=1)
            ClipLoss()(z_v, z_t, torch.tensor(1 / train.temperature)).backward()
            state.optimiser.step()
            state.optimiser.zero_grad()
            return chosen.batch

        work_of: dict[str, Callable[[], int]] = {"bare": bare, "fed": fed}
        for name, own in phases.items():
            work_of[f"full, {name}"] = lambda own=own: full(own)
        rates = measure(work_of, chosen.rounds)
        if chosen.text_rounds:
            text_tower = RobertaModel(
                RobertaConfig(
                    num_hidden_layers=24, hidden_size=WIDTH, num_attention_heads=16, intermediate_size=4096
                ),
                add_pooling_layer=False,
            )
            text_tower = text_tower.to(device).eval().requires_grad_(False)
            to_space = torch.nn.Linear(WIDTH, train.dim, bias=False).to(device)
            tokens = torch.randint(5, 50_000, (chosen.batch, TOKENS), device=device)
            rates |= measure({"usual": usual}, chosen.text_rounds)

    print(f"{'':14} {'images/s':>9} {'of bare':>8}")
    for name, rate in rates.items():
        print(f"{name:14} {rate:9.1f} {rate / rates['bare']:8.2f}")
    if "usual" in rates:
        print(f"full, phase 1, over usual: {rates['full, phase 1'] / rates['usual']:.1f} x")


def measure(work_of: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Median images/s of each, after one round that does not count, all taking turns."""
    seen: dict[str, list[float]] = {name: [] for name in work_of}
    for turn in range(rounds + 1):
        for name, work in work_of.items():
            started = time.perf_counter()
            images = work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                seen[name].append(images / (time.perf_counter() - started))
    return {name: statistics.median(rates) for name, rates in seen.items()}


if __name__ == "__main__":
    main()
