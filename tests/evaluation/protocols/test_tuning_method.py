"""Fine-tuning as a method: its batches, what it keeps of an epoch, and what it chooses at the end."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.finetune import alone, engine_params, task_loss
from pacl_core.evaluation.protocols.heads import head_loss
from pacl_core.evaluation.protocols.tuning_method import (
    Chosen,
    FineTuning,
    Headed,
    best_weights,
    fit,
    outputs_of,
)
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.training.distributed import ALONE
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.state import TrainState
from pacl_core.training.step import update
from tests.models.test_modes import FAMILIES, create
from tests.training.looks import Looks

LIGHT = Task("light", "regression", ("light",), scale=(0, 1))
COLOUR = Task("colour", "single_label", ("colour",), ("red", "blue"), polarity=(0, 1))
IMAGES = torch.randn(24, 3, 2, 2, generator=torch.Generator().manual_seed(0))
PARAMS = FinetuneParams(epochs=3, batch_size=5, batch_norm="frozen", head_lr=0.05)


def load(epoch: int, rows: NDArray[np.int64]) -> Tensor:
    return IMAGES[rows]


def method(work: Path, seed: int = 0, params: FinetuneParams = PARAMS) -> FineTuning:
    """Rows 0 to 15 to learn from, the others to validate on."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        backbone = nn.Sequential(nn.Flatten(), nn.Linear(12, 4))
        headed = Headed(backbone, nn.Linear(4, 1), unit=True)
    return FineTuning(
        task=LIGHT,
        networks=alone(LIGHT, headed, params, features=backbone),
        target=IMAGES.mean((1, 2, 3))[:, None],
        train=np.arange(16),
        val=np.arange(16, 24),
        sample_ids=[f"item {row}" for row in range(24)],
        views=load,
        plain=load,
        settings=engine_params(params, seed),
        section="evaluate.finetune",
        work=work,
    )


def rows(found: FineTuning, epoch: int) -> list[list[int]]:
    return [batch.rows().tolist() for batch in found.batches(epoch)]


def move(found: FineTuning, bias: float) -> float:
    """Set the head's bias; the validation loss is then further off the larger it is."""
    with torch.no_grad():
        found.model["head"].weight.zero_()
        found.model["head"].bias.fill_(bias)
    return float((found.target[16:] - bias).square().mean())


def kept_bias(work: Path, epoch: int) -> float:
    return load_file(best_weights(work, epoch))["head.bias"].item()


def test_a_pass_has_every_training_row_once_in_even_batches(tmp_path: Path) -> None:
    found = rows(method(tmp_path), 0)
    assert sorted(row for batch in found for row in batch) == list(range(16))
    assert [len(batch) for batch in found] == [4, 4, 4, 4]


def test_batches_follow_from_seed_and_epoch_alone(tmp_path: Path) -> None:
    first = rows(method(tmp_path), 1)
    other = method(tmp_path)
    rows(other, 0)  # what was drawn before does not matter
    assert rows(other, 1) == first
    assert rows(other, 0) != first and rows(method(tmp_path, seed=1), 1) != first


def test_the_loss_of_a_step_is_the_tasks_on_features_of_unit_length(tmp_path: Path) -> None:
    found = method(tmp_path)
    batch = found.batches(0)[0]
    (piece,) = found.load(0, batch)
    features = found.model["backbone"](IMAGES[batch.rows()])
    unit = features / features.norm(dim=1, keepdim=True)
    expected = (found.model["head"](unit) - found.target[batch.rows()]).square().mean()
    losses = found.losses(piece, ALONE)
    assert set(losses.terms) == {"light"}
    torch.testing.assert_close(losses.terms["light"], expected)


def test_outputs_of_many_images_are_those_of_all_at_once(tmp_path: Path) -> None:
    model = method(tmp_path).model
    expected = model(IMAGES)
    torch.testing.assert_close(outputs_of(model, load, np.arange(24), device="cpu"), expected)


def test_the_weights_of_the_lowest_loss_are_kept(tmp_path: Path) -> None:
    found = method(tmp_path)
    losses = []
    for epoch, bias in enumerate([3.0, 1.0, 2.0]):
        losses.append(move(found, bias))
        assert found.evaluate(epoch) == {"validation_loss": pytest.approx(losses[-1], rel=1e-5)}
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["best-00002.safetensors"]
    assert kept_bias(tmp_path, 2) == 1


def test_of_equal_losses_the_earlier_epoch_stays(tmp_path: Path) -> None:
    found = method(tmp_path)
    for epoch in range(3):
        move(found, 1.0)
        found.evaluate(epoch)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["best-00001.safetensors"]


def test_an_epoch_whose_loss_is_not_finite_says_nothing_and_keeps_nothing(tmp_path: Path) -> None:
    found = method(tmp_path)
    move(found, float("nan"))
    assert found.evaluate(0) == {}
    assert not list(tmp_path.iterdir())
    move(found, 1.0)
    found.evaluate(1)
    assert kept_bias(tmp_path, 2) == 1


def test_the_first_epoch_of_a_run_asks_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    """Killed after it wrote its best and before its first checkpoint, a run starts again."""
    found = method(tmp_path)
    move(found, 1.0)
    found.evaluate(0)
    move(found, 2.0)
    found.evaluate(0)
    assert kept_bias(tmp_path, 1) == 2


def test_the_chosen_epoch_is_the_one_whose_weights_are_there(tmp_path: Path) -> None:
    found = method(tmp_path)
    chosen = fit(found, "cpu")
    assert chosen.loss == min(loss for loss in chosen.losses if loss is not None)
    assert len(chosen.losses) == PARAMS.epochs
    found.model.load_state_dict(load_file(best_weights(tmp_path, chosen.epoch)))
    predicted = found.model(IMAGES[16:]).detach()
    assert float((predicted - found.target[16:]).square().mean()) == pytest.approx(chosen.loss, rel=1e-5)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json", ".safetensors"]


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    chosen = Chosen(2, [0.5, 0.25, None])
    (tmp_path / "done.json").write_text(json.dumps({"epoch": 2, "losses": [0.5, 0.25, None]}))
    assert fit(method(tmp_path), "cpu") == chosen
    assert chosen.loss == 0.25


def test_a_validation_loss_that_never_is_finite_is_the_users_to_fix(tmp_path: Path) -> None:
    found = method(tmp_path)
    found.target[16:] = torch.nan
    with pytest.raises(UserError, match="task 'light', seed 0: the validation loss was never finite"):
        fit(found, "cpu")


@pytest.mark.parametrize("loss", ["cross_entropy", "polarity_consistent"])
def test_a_step_asks_its_device_once(tmp_path: Path, loss: str) -> None:
    params = PARAMS.model_copy(update={"loss": loss})
    backbone = method(tmp_path).model["backbone"]
    colours = Headed(backbone, nn.Linear(4, 2), unit=True)
    marks = (IMAGES.mean((1, 2, 3)) > 0).float()[:, None]
    given = method(tmp_path, params=params)
    found = replace(
        given, task=COLOUR, networks=alone(COLOUR, colours, params, features=backbone), target=marks
    )
    settings = found.settings
    state = TrainState(colours, make_optimiser(colours, found.learning_rates, settings), {})
    (pieces, others) = (found.load(0, batch) for batch in found.batches(0)[:2])
    update(found, state, settings, inputs=pieces, world=ALONE)  # what is copied once is copied
    with Looks() as looks:
        update(found, state, settings, inputs=others, world=ALONE)
    assert looks.seen == ["aten._local_scalar_dense.default"]


@pytest.mark.parametrize("family", FAMILIES)
def test_models_that_keep_position_biases_are_tuned_and_read_right(family: str, tmp_path: Path) -> None:
    """Several steps and looks between them; then the weights of the best epoch and of others, in turns."""
    size, _ = FAMILIES[family]
    shown = torch.randn(6, 3, size, size, generator=torch.Generator().manual_seed(0))

    def tuned(backbone: nn.Module) -> FineTuning:
        params = PARAMS.model_copy(update={"batch_size": 2, "backbone_lr": 1e-3})
        given = method(tmp_path, params=params)
        with torch.random.fork_rng():
            torch.manual_seed(2)
            head = nn.Linear(backbone(shown[:1]).shape[1], 1)
        return replace(
            given,
            networks=alone(LIGHT, Headed(backbone, head, unit=True), params, features=backbone),
            target=torch.linspace(0, 1, 6)[:, None],
            train=np.arange(4),
            val=np.arange(4, 6),
            views=lambda epoch, rows: shown[rows],
            plain=lambda epoch, rows: shown[rows],
        )

    found = tuned(create(family).eval())
    first = {name: value.clone() for name, value in found.model.state_dict().items()}
    chosen = fit(found, "cpu")
    kept = load_file(best_weights(tmp_path, chosen.epoch))
    assert not all(torch.equal(first[name], value) for name, value in kept.items())
    for weights in (kept, first, kept):  # one module takes the weights of one seed after the other
        found.model.load_state_dict(weights)
        reference = tuned(create(family).eval()).model.to(memory_format=torch.channels_last)
        reference.load_state_dict(weights)
        predicted = outputs_of(found.model, found.plain, np.arange(6), device="cpu")
        assert torch.equal(predicted, outputs_of(reference, found.plain, np.arange(6), device="cpu"))
        if weights is kept:
            loss = float((predicted[4:] - found.target[4:]).square().mean())
            assert loss == pytest.approx(chosen.loss, rel=1e-5)


@pytest.mark.parametrize(
    ("task", "loss", "usual"),
    [
        (COLOUR, "cross_entropy", True),
        (COLOUR, "polarity_consistent", False),
        (LIGHT, "polarity_consistent", True),
    ],
)
def test_the_polarity_consistent_loss_is_of_tasks_with_polarities(task: Task, loss: str, usual: bool) -> None:
    given = torch.randn(6, task.outputs, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([[0.0], [1.0]] * 3)
    found = task_loss(task, PARAMS.model_copy(update={"loss": loss}))(given, target)
    assert bool(found == head_loss(task)(given, target)) == usual
