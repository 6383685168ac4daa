"""The linear protocol: it learns what is there, repeats itself, and chooses the epoch on validation."""

import numpy as np
import pytest
import torch

from pacl_core.evaluation.heads import head_loss, head_prediction
from pacl_core.evaluation.linear import Examples, Recipe, fit, predict, unit_length
from pacl_core.evaluation.tasks import Task

VALENCE = Task("valence", "regression", ("valence",), None)
CLASS = Task("class", "single_label", ("class",), ("a", "b"))
SHARES = Task("shares", "distribution", ("a", "b"), ("a", "b"))


def planted(items, seed=0):
    """Features [N, 6] of which the first decides the target."""
    features = np.random.default_rng(seed).normal(size=(items, 6)).astype(np.float32)
    return features, 1 / (1 + np.exp(-features[:, :1]))


def test_a_planted_valence_is_found():
    x, _ = planted(400)
    line = (0.5 + 0.1 * x[:, :1]).astype(np.float32)
    fitted = fit(VALENCE, Examples(x[:300], line[:300]), Examples(x[300:], line[300:]), Recipe(), seed=0)
    assert np.abs(predict(VALENCE, fitted.head, x[300:]) - line[300:]).max() < 0.02


def test_a_planted_class_and_its_shares_are_found():
    x, share = planted(600)
    label = (share > 0.5).astype(np.float32)
    shares = np.hstack([1 - share, share]).astype(np.float32)
    heads = {
        task.name: fit(
            task, Examples(x[:400], y[:400]), Examples(x[400:500], y[400:500]), Recipe(), seed=0
        ).head
        for task, y in ((CLASS, label), (SHARES, shares))
    }
    classes = predict(CLASS, heads["class"], x[500:])
    assert (classes.argmax(axis=1) == label[500:, 0]).mean() > 0.95
    predicted = predict(SHARES, heads["shares"], x[500:])
    assert np.allclose(predicted.sum(axis=1), 1)
    assert np.abs(predicted - shares[500:]).mean() < 0.05


def test_the_same_seed_gives_the_same_head_and_leaves_the_global_generator_alone():
    x, y = planted(80)
    train = Examples(x, y.astype(np.float32))
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    first, again, other = (fit(VALENCE, train, train, Recipe(epochs=3), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_epoch_is_the_one_with_the_lowest_validation_loss():
    """Against a validation target that turns the other way, learning long only makes it worse."""
    x, y = planted(200)
    train, against = (Examples(x, target.astype(np.float32)) for target in (y, 1 - 4 * y))
    recipe = Recipe(lr=0.05, epochs=10)
    assert fit(VALENCE, train, train, recipe, seed=0).epoch > 5
    early = fit(VALENCE, train, against, recipe, seed=0)
    assert early.epoch < 5
    outputs = torch.from_numpy(predict(VALENCE, early.head, x)).float()
    assert early.loss == pytest.approx(
        float(head_loss("regression")(outputs, torch.from_numpy(against.target)))
    )


def test_losses_are_those_of_the_paper():
    outputs = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]])
    p = head_prediction("distribution")(outputs).numpy()
    d = np.array([[0.2, 0.8, 0.0], [0.1, 0.1, 0.8]])
    by_hand = np.mean(
        [sum(t * np.log(t / q) for t, q in zip(*row, strict=True) if t > 0) for row in zip(d, p, strict=True)]
    )
    assert float(head_loss("distribution")(outputs, torch.tensor(d).float())) == pytest.approx(
        by_hand, rel=1e-5
    )
    cross_entropy = float(head_loss("single_label")(outputs, torch.tensor([[0.0], [2.0]])))
    assert cross_entropy == pytest.approx(-np.log(p[0, 0]) / 2 - np.log(p[1, 2]) / 2, rel=1e-5)


def test_a_validation_loss_that_is_never_finite_is_an_error():
    x, y = planted(20)
    bad = Examples(np.full_like(x, np.nan), y.astype(np.float32))
    with pytest.raises(ValueError, match="never finite"):
        fit(VALENCE, Examples(x, y.astype(np.float32)), bad, Recipe(epochs=1), seed=0)


def test_the_scale_of_features_does_not_matter():
    x, _ = planted(10)
    assert np.allclose(unit_length(x), unit_length(100 * x))
    assert np.allclose(np.linalg.norm(unit_length(x), axis=1), 1)
    assert (unit_length(np.zeros((1, 3), np.float32)) == 0).all()


def test_a_regression_starts_from_the_mean_of_its_training_targets():
    """Features of zeros can only give a constant: it is the training mean from the first epoch on."""
    x, target = np.zeros((30, 4), np.float32), np.full((30, 1), 7.0, np.float32)
    fitted = fit(VALENCE, Examples(x, target), Examples(x, target), Recipe(epochs=1), seed=0)
    assert np.allclose(predict(VALENCE, fitted.head, x), 7.0, atol=0.01)
