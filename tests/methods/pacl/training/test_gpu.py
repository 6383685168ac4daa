"""What holds on a GPU; without one, only that a step asks the device once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.method import Inputs, make_pacl
from pacl_core.models.backbones import Backbone
from pacl_core.training import loop
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.pixels import ImageSource
from pacl_core.training.state import TrainState
from pacl_core.training.step import update
from tests.methods.pacl.training.runs import train
from tests.training.looks import Looks

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
GPU = World(device="cuda")
MakeBackbone = Callable[[], Backbone]


@pytest.fixture
def samples(make_shards: Callable[..., Path], tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def steps(
    samples: Samples, backbone: Backbone, params: TrainParams, work: Path, *, world: World
) -> Callable[[], object]:
    """A step of all partitions; its inputs are loaded."""
    with ThreadPoolExecutor(1) as pool:
        images = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, work, pool)
        method = make_pacl(Inputs(samples, backbone), params, images=images, world=world)
        batch = next(iter(method.batches(params.epochs - 1)))
        assert len(batch.parts) > 1
        inputs = method.load(params.epochs - 1, batch)
    state = TrainState(method.model, make_optimiser(method.model, method.learning_rates, params), {})
    return lambda: update(method, state, params, inputs=inputs, world=world)


@pytest.mark.parametrize("batching", ["separate", "mixed"])
@pytest.mark.parametrize("non_finite", ["stop", "skip"])
def test_a_step_asks_its_device_once(
    samples: Samples,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    batching: str,
    non_finite: str,
) -> None:
    options = {"batching": batching, "non_finite": non_finite, "temperature_learnable": True, "clip_norm": 1}
    step = steps(samples, make_backbone(), params.model_copy(update=options), tmp_path, world=ALONE)
    with Looks() as looks:
        step()
    assert looks.seen == ["aten._local_scalar_dense.default"]


@on_gpu
def test_on_a_gpu_too(
    samples: Samples, make_backbone: MakeBackbone, params: TrainParams, tmp_path: Path
) -> None:
    step = steps(samples, make_backbone(), params, tmp_path, world=GPU)
    step()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with pytest.warns(UserWarning, match="synchronizing CUDA operation") as waits:
            step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert sum("synchronizing" in str(one.message) for one in waits) == 1


@on_gpu
@pytest.mark.parametrize("non_finite", ["stop", "skip"])
def test_on_a_gpu_a_run_stopped_within_an_epoch_ends_with_the_same_bits(
    samples: Samples,
    make_backbone: MakeBackbone,
    params: TrainParams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    non_finite: str,
) -> None:
    params = params.model_copy(update={"non_finite": non_finite, "ema": 0.5, "batch_norm": "update"})

    def run(folder: str) -> tuple[object, dict[str, torch.Tensor]]:
        work = tmp_path / folder
        work.mkdir(exist_ok=True)
        backbone = make_backbone()
        trained = train(samples, backbone, params, work, minutes=0, world=GPU)
        return trained.history, backbone.state() | trained.projectors

    history, weights = run("whole")
    save = loop.save_checkpoint

    def save_and_stop(*arguments: object, **named: object) -> None:
        save(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    for _ in range(2 + 3 + 3):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(loop, "save_checkpoint", save_and_stop)
            run("parts")
    again, resumed = run("parts")
    assert again == history
    assert all(torch.equal(weights[name], resumed[name]) for name in weights)
