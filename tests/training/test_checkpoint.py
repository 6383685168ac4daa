"""What is saved comes back to the bit, and one checkpoint is left."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pacl_core.training.checkpoint import Position, load_checkpoint, save_checkpoint, tensors_on_cpu
from pacl_core.training.optimiser import optimiser_tensors, restore_optimiser
from pacl_core.training.state import TrainState, start_average, update_average


def new_state(seed: int) -> TrainState:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.ModuleDict({"backbone": nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))})
    return TrainState(model, torch.optim.AdamW(model.parameters(), lr=0.1), start_average(model))


def trained(seed: int = 0, steps: int = 2) -> TrainState:
    """A state in which everything has moved: weights, statistics, moments and averages."""
    state = new_state(seed)
    images = torch.randn(6, 3, generator=torch.Generator().manual_seed(seed))
    for _ in range(steps):
        state.optimiser.zero_grad()
        state.model["backbone"](images).pow(3).sum().backward()
        state.optimiser.step()
        update_average(state.average, state.model, 0.9)
    return state


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def saved(work: Path, position: Position | None = None) -> TrainState:
    state = trained()
    save_checkpoint(work, position or Position(), state, device="cpu")
    return state


def test_weights_and_buffers_come_back(tmp_path: Path) -> None:
    state, restored = saved(tmp_path), new_state(1)
    load_checkpoint(tmp_path, restored, "cpu")
    assert same(state.model.state_dict(), restored.model.state_dict())


def test_moments_come_back(tmp_path: Path) -> None:
    state, restored = saved(tmp_path), new_state(1)
    load_checkpoint(tmp_path, restored, "cpu")
    moments = optimiser_tensors(state.optimiser)
    assert len(moments) == 3 * 4  # step and two moments of each parameter
    assert same(moments, optimiser_tensors(restored.optimiser))


def test_averages_come_back_in_place(tmp_path: Path) -> None:
    state, restored = saved(tmp_path), new_state(1)
    held = dict(restored.average)
    load_checkpoint(tmp_path, restored, "cpu")
    assert same(state.average, restored.average)
    assert all(restored.average[name] is value for name, value in held.items())


def test_the_generator_draws_on_from_where_it_was(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        saved(tmp_path)
        expected = torch.rand(5)
        torch.manual_seed(99)
        load_checkpoint(tmp_path, new_state(1), "cpu")
        assert torch.equal(torch.rand(5), expected)


def test_the_position_comes_back_with_the_values_so_far(tmp_path: Path) -> None:
    values = {"loss/a": [torch.tensor(0.1), torch.tensor(0.7)], "skipped_steps": [torch.tensor(1.0)]}
    saved(tmp_path, Position([{"loss/a": 0.25}], 2, values))
    found = load_checkpoint(tmp_path, new_state(1), "cpu")
    assert found is not None and (found.history, found.steps) == ([{"loss/a": 0.25}], 2)
    assert found.values == values


def test_the_values_so_far_come_back_to_the_device_where_the_next_ones_are(tmp_path: Path) -> None:
    """A mean over both stacks them, which two devices would not let it."""
    saved(tmp_path, Position([], 1, {"skipped_steps": [torch.tensor(1.0)]}))
    found = load_checkpoint(tmp_path, new_state(1), "meta")
    assert found is not None
    assert [value.device.type for value in found.values["skipped_steps"]] == ["meta"]


def test_moments_come_back_to_the_device_of_their_parameters(tmp_path: Path) -> None:
    state = trained()
    elsewhere = torch.optim.AdamW(new_state(1).model.to("meta").parameters(), lr=0.1)
    restore_optimiser(elsewhere, optimiser_tensors(state.optimiser))
    moments = optimiser_tensors(elsewhere)
    assert len(moments) == 3 * 4 and {value.device.type for value in moments.values()} == {"meta"}


def test_without_a_checkpoint_nothing_changes(tmp_path: Path) -> None:
    state = new_state(1)
    assert load_checkpoint(tmp_path, state, "cpu") is None
    assert same(state.model.state_dict(), new_state(1).model.state_dict())


def test_older_ones_and_drafts_are_dropped_and_nothing_else(tmp_path: Path) -> None:
    saved(tmp_path, Position(steps=3))
    (tmp_path / ".epoch-00000-000000003.draft").mkdir()
    (tmp_path / "pixels.npy").write_bytes(b"kept")
    saved(tmp_path, Position([{}], 0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-00001-000000000", "pixels.npy"]


def test_the_newest_of_two_is_loaded(tmp_path: Path) -> None:
    """Killed between publishing one and dropping the other."""
    saved(tmp_path / "one", Position([{}, {}], 0))
    saved(tmp_path / "other", Position([{}], 12))
    for path in [*(tmp_path / "one").iterdir(), *(tmp_path / "other").iterdir()]:
        path.rename(tmp_path / path.name)
    found = load_checkpoint(tmp_path, new_state(1), "cpu")
    assert found is not None and (len(found.history), found.steps) == (2, 0)


@pytest.mark.parametrize("view", [lambda t: t, lambda t: t.T, lambda t: t[:, :1]])
def test_tensors_on_cpu_share_no_memory(view) -> None:
    tensor = torch.arange(6.0).view(2, 3).requires_grad_()
    found = tensors_on_cpu({"one": view(tensor), "other": view(tensor)})
    assert torch.equal(found["one"], view(tensor)) and found["one"].is_contiguous()
    pointers = {one.untyped_storage().data_ptr() for one in (*found.values(), tensor)}
    assert len(pointers) == 3 and not found["one"].requires_grad
