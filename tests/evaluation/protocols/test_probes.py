"""Convex probes against scikit-learn and the normal equations."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from pacl_core.datasets.tasks import Level, Task
from pacl_core.evaluation.protocols import probes
from pacl_core.evaluation.protocols.heads import Examples, Heads, head_loss, head_prediction
from pacl_core.evaluation.protocols.probes import fit_convex

LABEL = Task("c", "single_label", ("c",), ("a", "b", "c"))
MARKS = Task("m", "multi_label", ("a", "b", "c"), ("a", "b", "c"))
SHARES = Task("d", "distribution", ("a", "b", "c"), ("a", "b", "c"))
VALUES = Task("v", "regression", ("x", "y"))
TREE = Task(
    "t",
    "hierarchical",
    ("coarse", "fine"),
    levels=(Level("coarse", ("x", "y")), Level("fine", ("a", "b", "c"))),
    ancestors=((0,), (0,), (1,)),
)


def features(items, dim=8, seed=0):
    """Unit length, with a common direction, as pooled features have it."""
    x = np.random.default_rng(seed).normal(size=(items, dim)) + 2
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def noisy_scores(x, classes=3, seed=1):
    rng = np.random.default_rng(seed)
    centred = (x - x.mean(axis=0)) / x.std(axis=0)
    return centred @ rng.normal(size=(x.shape[1], classes)) + rng.normal(size=(len(x), classes))


def split(x, target, at=150):
    x, target = torch.from_numpy(x), torch.from_numpy(np.asarray(target, np.float32))
    return Examples(x[:at], target[:at]), Examples(x[at:], target[at:])


@pytest.fixture
def only(monkeypatch):
    """A function that leaves one value of C."""
    return lambda C: monkeypatch.setattr(probes, "CS", (C,))


@pytest.mark.parametrize("C", [0.1, 10.0, 1000.0])
def test_multinomial_is_that_of_scikit_learn(only, C):
    only(C)
    x = features(250)
    label = noisy_scores(x).argmax(axis=1)
    train, val = split(x, label[:, None])
    heads, chosen = fit_convex(LABEL, train, val)
    known = LogisticRegression(C=C, max_iter=10_000, tol=1e-8).fit(x[:150].astype(float), label[:150])
    ours = head_prediction(LABEL)(heads.outputs(val.features)[0]).numpy()
    assert np.allclose(ours, known.predict_proba(x[150:]), atol=1e-3)
    assert chosen["C"] == C
    assert chosen["unconverged"] == 0


def test_one_vs_rest_is_that_of_scikit_learn(only):
    only(10.0)
    x = features(250)
    marks = noisy_scores(x) > 0.5
    train, val = split(x, marks)
    heads, _ = fit_convex(MARKS, train, val)
    ours = head_prediction(MARKS)(heads.outputs(val.features)[0]).numpy()
    for place in range(3):
        known = LogisticRegression(C=10.0, max_iter=10_000, tol=1e-8).fit(x[:150], marks[:150, place])
        assert np.allclose(ours[:, place], known.predict_proba(x[150:])[:, 1], atol=1e-3)


def test_shares_are_weighted_copies_of_an_item(only):
    """Cross-entropy against shares is that of a copy per class, weighted by the class's share."""
    only(100.0)
    x = features(250)
    shares = np.random.default_rng(3).dirichlet((1, 1, 1), 250)
    train, val = split(x, shares)
    heads, _ = fit_convex(SHARES, train, val)
    copies, labels = np.repeat(x[:150], 3, axis=0), np.tile([0, 1, 2], 150)
    known = LogisticRegression(C=100.0, max_iter=10_000, tol=1e-8)
    known.fit(copies.astype(float), labels, sample_weight=shares[:150].ravel())
    ours = head_prediction(SHARES)(heads.outputs(val.features)[0]).numpy()
    assert np.allclose(ours, known.predict_proba(x[150:]), atol=1e-3)


def test_each_level_is_fitted_by_itself():
    x = features(250)
    fine = noisy_scores(x).argmax(axis=1)
    coarse = (fine == 2).astype(int)
    heads, chosen = fit_convex(TREE, *split(x, np.stack([coarse, fine], axis=1)))
    alone, of_fine = fit_convex(LABEL, *split(x, fine[:, None]))
    assert torch.equal(heads.weight[:, 2:], alone.weight)
    assert set(chosen) == {"coarse", "fine"}
    assert chosen["fine"] == of_fine


@pytest.mark.parametrize("dim", [8, 200], ids=["long", "wide"])
def test_ridge_is_that_of_scikit_learn_and_validation_chooses_alpha(dim):
    x = features(250, dim)
    target = noisy_scores(x, classes=2)
    train, val = split(x, target)
    heads, chosen = fit_convex(VALUES, train, val)
    errors = {}
    for alpha in probes.ALPHAS:
        known = Ridge(alpha=alpha).fit(x[:150].astype(float), target[:150]).predict(x[150:])
        errors[alpha] = ((known - target[150:]) ** 2).mean()
        if alpha == chosen["alpha"]:
            assert np.allclose(heads.outputs(val.features)[0].numpy(), known, atol=1e-3)
    assert min(errors, key=errors.get) == chosen["alpha"]
    assert chosen["validation_loss"] == pytest.approx(min(errors.values()), rel=1e-3)


def test_validation_chooses_c():
    """Labels without any rule ask for the strongest penalty, labels by a sharp rule for a weak one."""
    x = features(400)
    ruled = noisy_scores(x).argmax(axis=1)
    random = np.random.default_rng(5).integers(0, 3, 400)
    (_, weak), (_, strong) = (fit_convex(LABEL, *split(x, label[:, None], 200)) for label in (ruled, random))
    assert strong["C"] < weak["C"]
    train, val = split(x, ruled[:, None], 200)
    heads, chosen = fit_convex(LABEL, train, val)
    assert float(head_loss(LABEL)(heads.outputs(val.features)[0], val.target)) == chosen["validation_loss"]


@pytest.mark.parametrize("present", [(0, 2), (1,)])
def test_a_class_that_training_lacks_keeps_its_column_near_zero(present):
    x = features(250)
    label = np.array(present)[np.arange(250) % len(present)]
    label[150:] = np.arange(100) % 3  # validation has all of them
    heads, chosen = fit_convex(LABEL, *split(x, label[:, None]))
    p = head_prediction(LABEL)(heads.outputs(torch.from_numpy(x[150:]))[0]).numpy()
    absent = [place for place in range(3) if place not in present]
    assert p[:, absent].max() < 1e-9
    assert np.allclose(p.sum(axis=1), 1)
    assert np.isfinite(chosen["validation_loss"])


def test_a_mark_that_no_item_or_every_item_has_is_predicted_so():
    x = features(250)
    marks = np.stack([np.zeros(250), noisy_scores(x)[:, 0] > 0, np.ones(250)], axis=1)
    heads, _ = fit_convex(MARKS, *split(x, marks))
    p = head_prediction(MARKS)(heads.outputs(torch.from_numpy(x[150:]))[0]).numpy()
    assert p[:, 0].max() < 1e-9
    assert p[:, 2].min() > 1 - 1e-9
    assert ((p[:, 1] > 0.5) == marks[150:, 1]).mean() > 0.6


def test_a_fit_that_does_not_converge_says_so(monkeypatch, caplog):
    monkeypatch.setattr(probes, "STEPS", 2)
    x = features(250)
    _, chosen = fit_convex(LABEL, *split(x, noisy_scores(x).argmax(axis=1)[:, None]))
    assert chosen["unconverged"] > 0
    assert "task 'c'" in caplog.text
    assert "without converging" in caplog.text


def test_equal_features_give_the_shares_of_training():
    """Nothing to learn from: no axis is left."""
    x = np.tile(features(1), (20, 1))
    heads, _ = fit_convex(LABEL, *split(x, (np.arange(20) % 4 == 0).astype(int)[:, None], 16))
    p = head_prediction(LABEL)(heads.outputs(torch.from_numpy(x))[0]).numpy()
    assert isinstance(heads, Heads)
    assert np.allclose(p, [0.75, 0.25, 0], atol=1e-4)
