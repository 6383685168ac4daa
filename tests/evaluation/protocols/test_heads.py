"""Losses and predictions of heads against sums written out by hand."""

import numpy as np
import pytest
import torch

from pacl_core.datasets.tasks import Level, Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.heads import head_loss, head_prediction, new_head

OUTPUTS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]])
LABEL = Task("c", "single_label", ("c",), ("a", "b", "c"))
SHARES = Task("d", "distribution", ("a", "b", "c"), ("a", "b", "c"))
MARKS = Task("m", "multi_label", ("a", "b", "c"), ("a", "b", "c"))
VALUES = Task("v", "regression", ("a", "b", "c"))
TREE = Task(
    "t",
    "hierarchical",
    ("coarse", "fine"),
    levels=(Level("coarse", ("x", "y")), Level("fine", ("a", "b", "c"))),
    ancestors=((0,), (0,), (1,)),
)


def softmax(row):
    return np.exp(row) / np.exp(row).sum()


def test_cross_entropy_is_the_mean_of_minus_log_p():
    p = [softmax(row) for row in OUTPUTS.numpy()]
    loss = float(head_loss(LABEL)(OUTPUTS, torch.tensor([[0.0], [2.0]])))
    assert loss == pytest.approx(-(np.log(p[0][0]) + np.log(p[1][2])) / 2, rel=1e-5)


def test_kl_is_the_mean_of_d_log_d_over_p():
    p = head_prediction(SHARES)(OUTPUTS).numpy()
    d = np.array([[0.2, 0.8, 0.0], [0.1, 0.1, 0.8]])
    by_hand = np.mean(
        [sum(t * np.log(t / q) for t, q in zip(*row, strict=True) if t > 0) for row in zip(d, p, strict=True)]
    )
    assert float(head_loss(SHARES)(OUTPUTS, torch.tensor(d).float())) == pytest.approx(by_hand, rel=1e-5)


def test_multi_label_is_a_binary_cross_entropy_per_class():
    y = np.array([[1, 0, 0], [0, 1, 1]])
    p = 1 / (1 + np.exp(-OUTPUTS.numpy()))
    by_hand = np.mean([-np.log(p[n, c] if y[n, c] else 1 - p[n, c]) for n in range(2) for c in range(3)])
    assert float(head_loss(MARKS)(OUTPUTS, torch.tensor(y).float())) == pytest.approx(by_hand, rel=1e-5)
    assert np.allclose(head_prediction(MARKS)(OUTPUTS), p)


def test_a_hierarchy_sums_the_cross_entropies_of_its_levels():
    outputs = torch.tensor([[1.0, -1.0, 2.0, 0.0, -1.0], [0.0, 3.0, 0.5, 0.1, 0.5]])
    target = [(0, 1), (1, 2)]
    rows = outputs.numpy()
    by_hand = np.mean(
        [
            -np.log(softmax(row[:2])[coarse]) - np.log(softmax(row[2:])[fine])
            for row, (coarse, fine) in zip(rows, target, strict=True)
        ]
    )
    assert float(head_loss(TREE)(outputs, torch.tensor(target).float())) == pytest.approx(by_hand, rel=1e-5)
    expected = [np.concatenate([softmax(row[:2]), softmax(row[2:])]) for row in rows]
    assert np.allclose(head_prediction(TREE)(outputs[None])[0], expected, atol=1e-6)


def test_regression_is_the_mean_square_and_predicts_its_outputs():
    target = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 1.0]])
    assert float(head_loss(VALUES)(OUTPUTS, target)) == pytest.approx((1 + 0 + 1 + 0 + 0 + 0.25) / 6)
    assert torch.equal(head_prediction(VALUES)(OUTPUTS), OUTPUTS)


def test_a_seed_decides_the_first_weights_and_a_regression_the_first_bias():
    target = torch.tensor([[0.0, 0.2, 0.4], [1.0, 0.4, 0.4]])
    one, again, other = (new_head(VALUES, 4, target, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.weight, again.weight)
    assert not torch.equal(one.weight, other.weight)
    assert torch.allclose(one.bias, torch.tensor([0.5, 0.3, 0.4]))
    assert new_head(TREE, 4, torch.zeros(2, 2), seed=0).weight.shape == (5, 4)


def test_an_unknown_kind_is_named():
    strange = Task("s", "single_labl", ("s",), ("a",))
    for of in (head_loss, head_prediction):
        with pytest.raises(UserError, match="did you mean 'single_label'"):
            of(strange)
