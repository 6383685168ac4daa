"""Models that keep position biases between forwards, trained by the engine with frozen BatchNorm."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World
from pacl_core.training.forward import learning
from pacl_core.training.loop import Run, train
from pacl_core.training.method import Batch, Losses
from pacl_core.training.optimiser import learning_rate_factor, make_optimiser, set_learning_rates
from tests.models.test_modes import FAMILIES, create, fresh, images

PARAMS = TrainingParams(epochs=2, batch_size=2, batch_norm="frozen", clip_norm=1.0, ema=0.5)
STEPS = 2  # of an epoch


class Shrinking:
    """Makes the features of two images small; each epoch looks at them in evaluation mode."""

    def __init__(self, family: str) -> None:
        self.images = images(family)
        self.learning_rates = {"backbone": 1e-2}
        self.sample_ids = ["one", "other"]
        self.model = nn.ModuleDict({"backbone": learning(create(family).eval(), PARAMS, "cpu")})

    def warm_up(self) -> None:
        pass

    def batches(self, epoch: int) -> list[Batch]:
        return [Batch({"all": np.arange(2)})] * STEPS

    def load(self, epoch: int, batch: Batch) -> list[Tensor]:
        return [self.images]

    def losses(self, inputs: Tensor, world: World) -> Losses:
        return Losses({"all": self.model["backbone"](inputs).square().mean()})

    @torch.no_grad()
    def evaluate(self, epoch: int) -> dict[str, float]:
        return {"shown": self.model["backbone"](self.images).square().mean().item()}

    def extras(self) -> dict[str, Tensor]:
        return {}


def never_run(family: str, like: nn.Module) -> nn.Module:
    """Another instance with the same weights, in the memory that training has them in."""
    module: nn.Module = fresh(family, like).to(memory_format=torch.channels_last)
    return module


def by_hand(family: str) -> tuple[nn.Module, list[float]]:
    """The same run, in the plainest way: a module that never ran for every step and every look."""
    module = create(family).to(memory_format=torch.channels_last)
    average = {name: value.detach().clone() for name, value in module.named_parameters()}
    optimiser = make_optimiser(nn.ModuleDict({"backbone": module}), {"backbone": 1e-2}, PARAMS)
    shown = []
    for step in range(PARAMS.epochs * STEPS):
        set_learning_rates(optimiser, learning_rate_factor(step, PARAMS.epochs * STEPS))
        reference = never_run(family, module)
        reference(images(family)).square().mean().backward()
        for own, other in zip(module.parameters(), reference.parameters(), strict=True):
            own.grad = other.grad
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            for name, value in module.named_parameters():
                average[name].lerp_(value, 0.5)
        if step % STEPS == STEPS - 1:
            averaged = never_run(family, module)
            averaged.load_state_dict(module.state_dict() | average)
            with torch.no_grad():
                shown.append(averaged(images(family)).square().mean().item())
    module.load_state_dict(module.state_dict() | average)
    return module, shown


@pytest.mark.parametrize("family", FAMILIES)
def test_the_engine_trains_them_as_a_loop_of_fresh_modules_does(family: str, tmp_path: Path) -> None:
    method = Shrinking(family)
    history = train(method, PARAMS, Run(tmp_path))
    expected, shown = by_hand(family)
    assert [epoch["shown"] for epoch in history] == pytest.approx(shown, rel=1e-5)
    assert history[1]["loss/all"] < history[0]["loss/all"]
    found = method.model["backbone"]
    with torch.no_grad():
        torch.testing.assert_close(found(method.images), expected.eval()(method.images), rtol=1e-3, atol=1e-4)
    if family != "test_vit":  # its keys have gradients near 0, of whose rounding AdamW makes steps
        for name, value in expected.state_dict().items():
            if name.endswith(".k.bn.bias"):  # the same for all keys of an image: no gradient but rounding
                continue
            torch.testing.assert_close(found.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_features_after_training_are_those_of_the_saved_weights(family: str, tmp_path: Path) -> None:
    method = Shrinking(family)
    train(method, PARAMS, Run(tmp_path))
    with torch.no_grad():
        found = method.model["backbone"](method.images)
        assert torch.equal(found, never_run(family, method.model["backbone"])(method.images))


@pytest.mark.parametrize("family", ["levit_128s", "tiny_vit_5m_224"])
def test_resumed_after_every_step_they_end_with_the_same_bits(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pacl_core.training import loop

    whole = Shrinking(family)
    history = train(whole, PARAMS, Run(tmp_path / "whole"))
    save = loop.save_checkpoint

    def save_and_stop(*arguments: object, **named: object) -> None:
        save(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_checkpoint", save_and_stop)
    for _ in range(PARAMS.epochs * STEPS):
        with pytest.raises(KeyboardInterrupt):
            train(Shrinking(family), PARAMS, Run(tmp_path / "parts", 0))
    parts = Shrinking(family)
    assert train(parts, PARAMS, Run(tmp_path / "parts", 0)) == history
    for one, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.equal(one, other)
