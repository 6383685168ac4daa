"""The averaged weights."""

import pytest
import torch
from torch import nn

from pacl_core.training.averaging import averaged, load_average, start_average, update_average


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
    model = nn.Linear(2, 2)
    average = start_average(model)
    with torch.no_grad():
        model.weight.add_(1)
    own = model.weight.detach().clone()
    with pytest.raises(RuntimeError), averaged(model, average):
        assert torch.equal(model.weight, average["weight"])
        raise RuntimeError
    assert torch.equal(model.weight, own)
    load_average(model, average)
    assert torch.equal(model.weight, average["weight"])
