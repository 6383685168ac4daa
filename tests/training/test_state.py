"""The averaged weights."""

import pytest
import torch
from torch import nn

from pacl_core.models.modes import training_mode
from pacl_core.training.state import TrainState, evaluating, load_average, start_average, update_average
from tests.models.test_modes import FAMILIES, create, fresh, images


def state_of(backbone: nn.Module) -> TrainState:
    model = nn.ModuleDict({"backbone": backbone})
    return TrainState(model, torch.optim.AdamW(model.parameters()), start_average(model))


def test_follows_its_recursion_parameter_by_parameter() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = start_average(model)
    expected = {name: p.detach().tolist() for name, p in model.named_parameters()}
    for _ in range(4):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        update_average(average, model, 0.9)
        for name, parameter in model.named_parameters():
            flat = zip(torch.tensor(expected[name]).flatten(), parameter.detach().flatten(), strict=True)
            mixed = [0.9 * float(old) + 0.1 * float(new) for old, new in flat]
            expected[name] = torch.tensor(mixed).reshape(parameter.shape).tolist()
    assert set(average) == {"0.weight", "0.bias", "1.weight", "1.bias"}  # no statistics
    for name, value in average.items():
        torch.testing.assert_close(value, torch.tensor(expected[name]))


def test_the_model_has_them_within_and_its_own_afterwards() -> None:
    part = nn.Linear(2, 2)
    state = state_of(part)
    with torch.no_grad():
        part.weight.add_(1)
    own = part.weight.detach().clone()
    with pytest.raises(RuntimeError), evaluating(state):
        assert torch.equal(part.weight, state.average["backbone.weight"])
        raise RuntimeError
    assert torch.equal(part.weight, own)
    load_average(state.model, state.average)
    assert torch.equal(part.weight, state.average["backbone.weight"])


def test_evaluation_mode_ends_even_on_an_error() -> None:
    dropouts = nn.Sequential(nn.Dropout(), nn.Dropout().eval())
    with pytest.raises(RuntimeError), evaluating(state_of(nn.Sequential(dropouts, nn.Linear(1, 1)))):
        assert not any(module.training for module in dropouts.modules())
        raise RuntimeError
    assert [module.training for module in dropouts] == [True, False]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_a_look_leaves_the_modes_and_nothing_that_a_forward_kept(family: str, batch_norm: str) -> None:
    module = training_mode(create(family), batch_norm)
    state, batch = state_of(module), images(family)
    modes = [part.training for part in module.modules()]
    with torch.no_grad():
        for value in state.average.values():
            value.mul_(0.5)
    for _ in range(2):
        with evaluating(state), torch.no_grad():
            shown = module(batch)
            assert torch.equal(shown, fresh(family, module)(batch))  # by the averaged weights
        assert [part.training for part in module.modules()] == modes
        assert not any(getattr(part, "attention_bias_cache", None) for part in module.modules())
        module(batch).square().sum().backward()
