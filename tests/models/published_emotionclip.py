"""Weights and values of the fixtures that EmotionCLIP's own modules made, next to the project."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.paths import SHARED


def fixture(name: str) -> Any:
    path = SHARED / "fixtures" / f"{name}.json"
    if not path.is_file():
        pytest.skip("no fixtures next to the project")
    return json.loads(path.read_text())


def closed_form(rule: Callable[..., float], *shape: int) -> Tensor:
    """`[*shape]` float64 of a function of the indices."""
    places = torch.cartesian_prod(*(torch.arange(size) for size in shape)).reshape(-1, len(shape))
    return torch.tensor([rule(*place) for place in places.tolist()], dtype=torch.float64).reshape(shape)


def closed_form_weights(names: Sequence[str], like: dict[str, Tensor]) -> dict[str, Tensor]:
    """Values by the place of a name among `names`, for those in `like`, which has their shapes."""
    found = {}
    for place, name in enumerate(names):
        if name not in like or not like[name].is_floating_point():
            continue
        count = like[name].numel()
        wave = torch.tensor([math.sin(0.7 * k + place + 1) for k in range(count)], dtype=torch.float64)
        norm = like[name].ndim == 1 and name.endswith("weight")
        found[name] = (1 + 0.1 * wave if norm else 0.3 * wave).reshape(like[name].shape)
    return found


def with_closed_form_weights(module: nn.Module, names: Sequence[str]) -> nn.Module:
    module = module.double().eval()
    own = module.state_dict()
    assert own.keys() <= set(names)
    module.load_state_dict(closed_form_weights(names, own))
    return module


def numbers(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def assert_near(found: Tensor, expected: Any, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(found, numbers(expected), rtol=tolerance, atol=tolerance)
