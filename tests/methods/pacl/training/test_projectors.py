"""The maps into the common space, and the temperature as a parameter."""

import pytest
import torch

from pacl_core.methods.pacl.objective import Labels, partition_loss
from pacl_core.methods.pacl.training.projectors import LearnedTemperature, make_projectors


def test_starts_where_it_is_told_and_gets_the_loss_gradient() -> None:
    temperature = LearnedTemperature(0.07)
    assert temperature().item() == pytest.approx(0.07)
    similarity = torch.tensor([[0.9, 0.2], [0.1, 0.4]])
    labels = Labels(torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
    partition_loss(similarity, "strong", labels, temperature=temperature()).backward()
    below, above = (
        partition_loss(similarity.double(), "strong", labels, temperature=0.07 * torch.e**move).item()
        for move in (-1e-4, 1e-4)
    )
    slope = (below - above) / 2e-4  # by the logarithm of 1 / temperature
    assert temperature.log_scale.grad.item() == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(("start", "lowest"), [(0.07, 0.01), (0.005, 0.005)])
def test_is_bounded_below(start: float, lowest: float) -> None:
    temperature = LearnedTemperature(start)
    with torch.no_grad():
        temperature.log_scale.add_(50)
    assert temperature().item() == pytest.approx(lowest)


def test_projectors_are_bias_free_maps_of_the_named_widths() -> None:
    projectors = make_projectors(image_dim=10, text_dim=6, dim=16, seed=3)
    assert {name: tuple(t.shape) for name, t in projectors.state_dict().items()} == {
        "image.weight": (16, 10),
        "text.weight": (16, 6),
    }
