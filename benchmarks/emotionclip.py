"""EmotionCLIP against what it comes from: SAP and SAAM over the plain ViT, SNCE over ClipLoss, side by side.

python benchmarks/emotionclip.py [--only encoder loss step] [--device cpu] [--threads 1] [--rounds 5]
python benchmarks/emotionclip.py --model ViT-B-32 --frames 64 --device cuda --precision bfloat16

encoder    forward and backward of `--frames` images: plain (no subject token), sap, saam; "x plain"
step       a whole step (towers, head, loss, optimiser) over the bare tower at as many tokens: frames/s;
           fed: the same, its frames decoded, cropped and tokenised in the step itself, not ahead of it
loss       SNCE of features [B, 512] over open_clip's ClipLoss: time, and what is saved for the backward pass

Goals: sap <= 1.05 and saam <= 1.6 x plain; step >= 0.9 of bare; SNCE <= 1.5 x ClipLoss, and <= 1.5 B^2 floats
saved at B = 4096. Weights are random. All figures of a kind are of the same rounds, medians.
"""

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import open_clip
import torch
from open_clip.loss import ClipLoss
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import normalize

from pacl_core.methods.emotionclip import sentiment_guided_loss
from pacl_core.methods.emotionclip.clips import Clips, Frames
from pacl_core.methods.emotionclip.method import make_emotionclip
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.subject.coverage import as_boxes
from pacl_core.models.subject.encoder import Subject
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.params.video_text import SubjectParams
from pacl_core.training.distributed import World
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.state import TrainState
from pacl_core.training.step import update

# that of the stand-in for CLIP on a machine without a GPU
TINY = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 112, "layers": 4, "width": 64, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
}
WIDTH = 512  # of the joint space
CLASSES = 7
Pass = Callable[[], object]


def medians(passes: dict[str, Pass], rounds: int, device: str) -> dict[str, float]:
    """Seconds of each, in turns, so that all meet the same machine; the first turn does not count."""
    times: dict[str, list[float]] = {name: [] for name in passes}
    for number in range(rounds + 1):
        for name, run in passes.items():
            started = time.perf_counter()
            run()
            if device == "cuda":
                torch.cuda.synchronize()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def written(folder: Path, model: str | None) -> tuple[str, Path]:
    """A CLIP of random weights as a hub repository holds it; its name and folder."""
    config = open_clip.get_model_config(model) if model else TINY
    mean = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}
    preprocess = {**mean, "interpolation": "bicubic", "resize_mode": "shortest"}
    described = {"model_cfg": config, "preprocess_cfg": preprocess}
    (folder / CONFIG).write_text(json.dumps(described), encoding="utf-8")
    network = open_clip.create_model(f"local-dir:{folder}", load_weights=False, pretrained_text=False)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return model or "tiny", folder


def encoder(folder: Path, name: str, arguments: argparse.Namespace) -> None:
    clip, device = load_clip(name, str(folder), None), arguments.device
    visual = clip.network.visual.to(device)
    size = clip.preprocess.size
    images = torch.randn(arguments.frames, 3, size, size, device=device)
    patches = visual.grid_size[0] * visual.grid_size[1]
    shares = (torch.rand(arguments.frames, patches, device=device) > 0.7).float()

    def both(kind: str) -> Pass:
        subject = Subject(visual, SubjectParams(kind=kind)).to(device)  # type: ignore[arg-type]

        def run() -> None:
            with torch.autocast(device, torch.bfloat16, enabled=arguments.precision == "bfloat16"):
                features = subject(visual, images, shares)
            features.float().square().sum().backward()
            visual.zero_grad()

        return run

    times = medians({kind: both(kind) for kind in ("none", "sap", "saam")}, arguments.rounds, device)
    for kind, seconds in times.items():
        rate, ratio = arguments.frames / seconds, seconds / times["none"]
        print(f"encoder {name} {kind:<6} {rate:9.1f} frames/s {ratio:6.2f} x plain", flush=True)


def made_clips(count: int, frames: int, size: tuple[int, int]) -> Clips:
    rng = np.random.default_rng(0)

    def jpeg() -> bytes:
        small = Image.fromarray(rng.integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8))
        stream = io.BytesIO()
        small.resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
        return stream.getvalue()

    stored = Frames([jpeg() for _ in range(frames)], [as_boxes([[20, 20, 90, 110]])] * frames)
    texts = [f"somebody says sentence number {row} of many" for row in range(count)]
    sentiment = rng.normal(size=(count, CLASSES)).astype(np.float32)
    return Clips(texts, texts, sentiment, lambda row: stored)


def step(folder: Path, name: str, arguments: argparse.Namespace) -> None:
    clip, device = load_clip(name, str(folder), None), arguments.device
    size = clip.preprocess.size
    batch = max(2, arguments.frames // 8)
    params = TrainClipsParams(
        batch_size=batch,
        precision=arguments.precision,
        temporal={"layers": arguments.head_layers, "heads": 4},
    )
    clips = made_clips(batch, 16, (size * 2, size * 8 // 7))
    world = World(device=device)
    with ThreadPoolExecutor(arguments.threads) as pool:
        method = make_emotionclip(clip, clips, params, pool=pool, world=world)
        state = TrainState(
            method.model, make_optimiser(method.model, method.learning_rates, params), average={}
        )
        state.model.train()
        one = method.batches(0)[0]
        (piece,) = method.load(0, one)
        visual, subject = method.model["backbone"].visual, method.model["subject"]
        pixels = torch.randn(batch * 8, 3, size, size, device=device)
        shares = piece.coverage.flatten(0, 1)

        def bare() -> None:
            with torch.autocast(device, torch.bfloat16, enabled=arguments.precision == "bfloat16"):
                features = subject(visual, pixels, shares)
            features.float().square().sum().backward()
            state.optimiser.zero_grad()

        def learns() -> None:
            update(method, state, params, inputs=[piece], world=world)

        def fed() -> None:
            update(method, state, params, inputs=method.load(0, one), world=world)

        times = medians({"bare": bare, "step": learns, "fed": fed}, arguments.rounds, device)
    for title, seconds in times.items():
        rate, ratio = batch * 8 / seconds, times["bare"] / seconds
        print(f"step {name} {title:<6} {rate:9.1f} frames/s {ratio:6.2f} of bare", flush=True)


def loss(arguments: argparse.Namespace) -> None:
    device, clip_loss = arguments.device, ClipLoss()
    for size in arguments.sizes:
        torch.manual_seed(0)
        made = torch.randn(2, size, WIDTH, device=device)
        videos, texts = (normalize(one, dim=1).requires_grad_() for one in made)
        sentiment = 3 * torch.randn(size, CLASSES, device=device)

        def theirs(v: Tensor = videos, t: Tensor = texts) -> Tensor:
            found: Tensor = clip_loss(v, t, 100.0)
            return found

        def ours(v: Tensor = videos, t: Tensor = texts, s: Tensor = sentiment) -> Tensor:
            return sentiment_guided_loss(v @ t.T, s)

        losses = {"ClipLoss": theirs, "SNCE": ours}
        passes: dict[str, Pass] = {
            name: lambda run=run: run().backward()  # type: ignore[misc]
            for name, run in losses.items()
        }
        times = medians(passes, arguments.rounds, device)
        for name, run in losses.items():
            kept = saved(run, (videos, texts)) / (4 * size**2)
            ratio = times[name] / times["ClipLoss"]
            title = f"loss {size:>6} {name:<9} {1e3 * times[name]:9.2f} ms"
            print(f"{title} {ratio:6.2f} x Clip {kept:6.2f} saved/B²", flush=True)


def saved(run: Callable[[], Tensor], given: tuple[Tensor, ...]) -> int:
    """Bytes kept for the backward pass in distinct storages other than those `given`."""
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        kept = run()  # alive until all are counted, so that no address is used twice
    for tensor in given:
        storages.pop(tensor.untyped_storage().data_ptr(), None)
    assert kept.requires_grad
    return sum(storages.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    kinds = ["encoder", "step", "loss"]
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--model", help="a ViT of open_clip; by default the tests' own tiny one")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--head-layers", type=int, default=6)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as place:
        if {"encoder", "step"} & set(chosen.only):
            named, at = written(Path(place), chosen.model)
            if "encoder" in chosen.only:
                encoder(at, named, chosen)
            if "step" in chosen.only:
                step(at, named, chosen)
        if "loss" in chosen.only:
            loss(chosen)
