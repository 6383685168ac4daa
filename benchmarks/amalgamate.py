"""A step of amalgamation over one of fine-tuning, in one run: four networks, their stage maps compared.

python benchmarks/amalgamate.py [--timm resnet50.a1_in1k] [--size 224] [--batch 32] [--device cuda]

The same images and labels; updates of statistics, gradients and the optimiser's step are included, and no
images are decoded. Without --timm the backbone is EfficientNet-Lite0; a network of timm has random weights,
as fast as trained ones.

Goal: amalgamation <= 4.3 x fine-tuning (the paper's own: 39 against 6 ms an image, 6.5 x).
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.protocols import amalgamate, finetune
from pacl_core.evaluation.protocols.tuning_method import FineTuning, Headed, Networks
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.params.evaluation import AmalgamateParams, FinetuneParams
from pacl_core.params.models import BackboneParams
from pacl_core.params.training import TrainingParams
from pacl_core.runtime.settings import runtime
from pacl_core.training.distributed import World
from pacl_core.training.forward import backbone_features, features_with_stages, learning
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.state import TrainState
from pacl_core.training.step import update

TASK = Task("emotion", "single_label", ("emotion",), tuple(f"class {number}" for number in range(8)))
NETWORKS = (amalgamate.STUDENT, *amalgamate.SPECIALISTS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--timm")
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default=runtime().device)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        params = _backbone(chosen.timm, chosen.size, Path(folder))
        images = torch.randn(chosen.batch, 3, chosen.size, chosen.size, device=chosen.device)
        steps = {
            "fine-tuning": fine_tuning_step(load_backbone(params), images, Path(folder)),
            "amalgamation": amalgamation_step(
                {name: load_backbone(params) for name in NETWORKS}, images, Path(folder)
            ),
        }
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for step in steps.values():
            step()  # what is allocated once is allocated
        for _ in range(chosen.rounds):
            for name, step in steps.items():
                seconds[name].append(timed(step, chosen.device))
    found = {name: 1000 * statistics.median(given) / chosen.batch for name, given in seconds.items()}
    ratios = [b / a for a, b in zip(seconds["fine-tuning"], seconds["amalgamation"], strict=True)]
    figures = {"backbone": params.name, "size": chosen.size, "batch": chosen.batch, "device": chosen.device}
    figures |= {f"{name}, ms an image": round(value, 3) for name, value in found.items()}
    print(json.dumps(figures | {"x fine-tuning": round(statistics.median(ratios), 2)}))


def fine_tuning_step(backbone: Backbone, images: Tensor, work: Path) -> Callable[[], object]:
    """A step as the protocol `finetune` takes it."""
    params = FinetuneParams(batch_size=len(images))
    settings, world = finetune.engine_params(params, 0), World(device=str(images.device))
    headed = Headed(backbone.module, nn.Linear(backbone.dim, TASK.outputs), unit=True)
    features = backbone_features(backbone.module, backbone.dim, settings, world=world)
    return _step(finetune.alone(TASK, headed, params, features=features), settings, images, work=work)


def amalgamation_step(backbones: dict[str, Backbone], images: Tensor, work: Path) -> Callable[[], object]:
    """A step as the protocol `amalgamate` takes it, with every term."""
    params = AmalgamateParams(batch_size=len(images))
    settings = amalgamate.engine_params(params, 0)
    headed = {
        name: Headed(one.module, nn.Linear(one.dim, TASK.outputs), unit=False)
        for name, one in backbones.items()
    }
    looks = {name: features_with_stages(one, settings, str(images.device)) for name, one in backbones.items()}
    return _step(amalgamate.together(TASK, headed, looks, params=params), settings, images, work=work)


def _step(
    networks: Networks, settings: TrainingParams, images: Tensor, *, work: Path
) -> Callable[[], object]:
    device = str(images.device)
    given = images.contiguous(memory_format=torch.channels_last)
    rows = np.arange(len(images))
    method = FineTuning(
        task=TASK,
        networks=networks,
        target=torch.arange(len(images), device=device)[:, None] % TASK.outputs,
        train=rows,
        val=rows,
        sample_ids=[str(row) for row in rows],
        views=lambda epoch, wanted: given,
        plain=lambda epoch, wanted: given,
        settings=settings,
        section="benchmark",
        work=work,
    )
    learning(method.model, settings, device)
    state = TrainState(method.model, make_optimiser(method.model, method.learning_rates, settings), {})
    (batch,) = method.batches(0)
    inputs = method.load(0, batch)
    return lambda: update(method, state, settings, inputs=inputs, world=World(device=device))


def timed(step: Callable[[], object], device: str) -> float:
    """Seconds of one step, with what the device still has to do; on a CPU of this process alone."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    step()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return clock() - start


def _backbone(name: str | None, size: int, folder: Path) -> BackboneParams:
    if name is None:
        return BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=size)
    weights = folder / "model.safetensors"
    save_file(timm.create_model(name, pretrained=False).state_dict(), weights)
    return BackboneParams(kind="timm", name=name, weights=str(weights), image_size=size)


if __name__ == "__main__":
    main()
