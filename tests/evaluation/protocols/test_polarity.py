"""The polarity-consistent cross-entropy against a loop over items."""

import math

import pytest
import torch

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.protocols.heads import has_polarity, polarity_consistent_loss

EMOTION = Task(
    "emotion", "single_label", ("emotion",), ("awe", "fear", "joy", "anger"), polarity=(1, 0, 1, 0)
)


def by_loop(outputs, target, weight):
    total = 0.0
    for row, (wanted,) in zip(outputs.tolist(), target.tolist(), strict=True):
        shares = [math.exp(value) / sum(math.exp(other) for other in row) for value in row]
        predicted = row.index(max(row))
        apart = EMOTION.polarity[predicted] != EMOTION.polarity[int(wanted)]
        total -= (1 + weight * apart) * math.log(shares[int(wanted)])
    return total / len(outputs)


@pytest.mark.parametrize("weight", [0, 0.5, 2.0])
def test_it_is_the_weighted_cross_entropy(weight):
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(40, 4, generator=generator)
    target = torch.randint(0, 4, (40, 1), generator=generator).float()
    loss = polarity_consistent_loss(EMOTION, weight)(outputs, target)
    assert loss.item() == pytest.approx(by_loop(outputs, target, weight), rel=1e-5)


def test_a_mistake_across_polarities_costs_more_and_no_gradient_goes_through_the_choice():
    outputs = torch.tensor([[0.0, 0.0, 3.0, 0.0]], requires_grad=True)
    within, across = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    loss = polarity_consistent_loss(EMOTION, 0.5)
    assert loss(outputs, across).item() == pytest.approx(1.5 * loss(outputs, within).item())
    (gradient,) = torch.autograd.grad(loss(outputs, across), outputs)
    expected = 1.5 * (outputs.detach().softmax(dim=1) - torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    torch.testing.assert_close(gradient, expected)


def test_only_single_labels_with_polarities_have_it():
    assert has_polarity(EMOTION)
    assert not has_polarity(Task("emotion", "single_label", ("emotion",), ("awe", "fear")))
    assert not has_polarity(Task("valence", "regression", ("valence",)))
