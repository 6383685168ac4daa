"""Convex probes: one solution, so no epochs and no seeds; validation chooses the strength of the penalty.

Regression: ridge, `|Y - XW - b|^2 + alpha |W|^2`. Classes: logistic regression, `C sum_n loss_n + |W|^2 / 2`,
multinomial (each level of a hierarchy by itself, a distribution with its probabilities as targets) or
one-vs-rest (multi label). The bias is free. Objective, C and alpha are scikit-learn's.

Both are solved along the principal axes of the training features (as big_vision's few-shot ridge probe is):
there each alpha costs one division. For logistic regression each axis is also scaled by the objective's
curvature along it before the first step, so that L-BFGS takes some tens of steps; with raw features, most of
whose length is along their mean, it takes hundreds to thousands.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.protocols.heads import Examples, Heads, head_loss
from pacl_core.runtime.threads import one_thread

log = logging.getLogger(__name__)

ALPHAS = tuple(float(value) for value in np.logspace(-4, 4, 17))
CS = tuple(float(value) for value in np.logspace(-2, 5, 15))
STEPS = 500  # of L-BFGS per C
TOLERANCE = 1e-6  # of the gradient, per item, in scaled axes
PATIENCE = 2  # stop after so many C in a row without a better validation loss: larger C overfit more
ABSENT = -30.0  # output of a class that training never has: a probability of about 1e-13


@dataclass(frozen=True)
class _Axes:
    """Principal axes of the training features: `mean` [D], `axes` [D, R], `variance` [R] (sums of squares),
    `along` [N, R] the centred features along them; all float64."""

    mean: Tensor
    axes: Tensor
    variance: Tensor
    along: Tensor

    def heads(self, weight: Tensor, bias: Tensor) -> Heads:
        """The head over features as they are, of `weight` [C, R] over axes and `bias` [C]."""
        weight_CD = weight @ self.axes.T
        return Heads(weight_CD[None].float(), (bias - weight_CD @ self.mean)[None].float())


def fit_convex(task: Task, train: Examples, val: Examples) -> tuple[Heads, dict[str, Any]]:
    """The probe of a task, and what validation chose. Weights [1, C, D], for features of unit length.

    A class without training items has an output of -30 for all features. A fit that did not converge is
    logged, and counted as `unconverged` in the result.
    """
    axes = _principal_axes(train.features)
    if task.kind == "regression":
        return _ridge(task, axes, train, val=val)
    if task.kind != "hierarchical":
        return _logistic(task, axes, train, val=val)
    fits = []
    for place, level in enumerate(task.levels):
        alone = Task(level.name, "single_label", (task.columns[place],), level.classes)
        fits.append(_logistic(alone, axes, _column(train, place), val=_column(val, place)))
    heads = Heads(*(torch.cat([getattr(one, name) for one, _ in fits], dim=1) for name in ("weight", "bias")))
    return heads, {level.name: chosen for level, (_, chosen) in zip(task.levels, fits, strict=True)}


def _column(examples: Examples, place: int) -> Examples:
    return Examples(examples.features, examples.target[:, place : place + 1])


def _principal_axes(features: Tensor) -> _Axes:
    features = features.double()
    mean = features.mean(dim=0)
    centred = features - mean
    wide = centred.shape[0] < centred.shape[1]  # then the products of items are the smaller matrix
    variance, axes = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    kept = variance > 1e-12 * variance.max().clamp(min=1e-300)  # the remaining axes are rounding errors
    variance, axes = variance[kept], axes[:, kept]
    if wide:
        axes = centred.T @ axes / variance.sqrt()
    return _Axes(mean, axes, variance, centred @ axes)


def _ridge(task: Task, axes: _Axes, train: Examples, *, val: Examples) -> tuple[Heads, dict[str, Any]]:
    target_NC = train.target.double()
    bias = target_NC.mean(dim=0)
    moments_CR = (target_NC - bias).T @ axes.along
    found = [(alpha, axes.heads(moments_CR / (axes.variance + alpha), bias)) for alpha in ALPHAS]
    losses = [_val_loss(task, heads, val) for _, heads in found]
    best = int(np.argmin(losses))
    return found[best][1], {"alpha": found[best][0], "validation_loss": losses[best]}


def _logistic(task: Task, axes: _Axes, train: Examples, *, val: Examples) -> tuple[Heads, dict[str, Any]]:
    target_NC = _distributions(task, train.target)
    free = (target_NC > 0).any(dim=0)
    bias = torch.where(free, 0.0, ABSENT).double()
    if task.kind == "multi_label":  # a class that all items have is as uninformative as one that none has
        always = (target_NC == 1).all(dim=0)
        bias[always] = -ABSENT
        free &= ~always
    problem = _Logistic(axes, target_NC[:, free], binary=task.kind == "multi_label")
    best, chosen, worse, unconverged = None, {"validation_loss": np.inf}, 0, 0
    for C in CS:
        weight_CR = torch.zeros(len(free), len(axes.variance), dtype=torch.float64, device=bias.device)
        with one_thread():
            weight_CR[free], bias[free], converged = problem.solve(C)
        unconverged += not converged
        heads = axes.heads(weight_CR, bias)
        loss = _val_loss(task, heads, val)
        if best is None or loss < chosen["validation_loss"]:
            best, chosen, worse = heads, {"C": C, "validation_loss": loss}, 0
        else:
            worse += 1
            if worse == PATIENCE:
                break
    assert best is not None
    if unconverged:
        log.warning("task '%s': logistic regression took its %d steps for %d values of C without converging",
                    task.name, STEPS, unconverged)  # fmt: skip
    return best, {**chosen, "unconverged": unconverged}


class _Logistic:
    """`C sum_n loss_n + |W|^2 / 2` over `along` and free classes, from one C to the next one larger."""

    def __init__(self, axes: _Axes, target: Tensor, binary: bool) -> None:
        self._axes, self._target, self._binary = axes, target, binary
        self._start: tuple[Tensor, Tensor] | None = None

    def solve(self, C: float) -> tuple[Tensor, Tensor, bool]:
        """Weights [C, R], biases [C], and whether the solver converged; starts where the last one ended."""
        items, classes = self._target.shape
        rank = len(self._axes.variance)
        if classes == 0 or (classes == 1 and not self._binary):  # nothing to tell apart
            zeros = self._target.new_zeros(classes, rank)
            return zeros, zeros.new_zeros(classes), True
        # mean curvature of a class that a fraction q has is q(1 - q); the objective is divided by C N
        q = self._target.mean(dim=0)
        curvature = (q * (1 - q)).clamp(min=1e-6)
        scale_CR = (curvature[:, None] * self._axes.variance / items + 1 / (C * items)).rsqrt()
        scale_C = curvature.rsqrt()
        weight, bias = self._start or (self._target.new_zeros(classes, rank), self._first_bias(q))

        def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            scaled = torch.from_numpy(flat).to(q.device).view(classes, rank + 1)
            W, b = scaled[:, :rank] * scale_CR, scaled[:, rank] * scale_C
            outputs_NC = self._axes.along @ W.T + b
            loss, error_NC = self._loss(outputs_NC)
            value = (loss + (W * W).sum() / (2 * C)) / items
            gradient = torch.empty_like(scaled)
            gradient[:, :rank] = (error_NC.T @ self._axes.along + W / C) / items * scale_CR
            gradient[:, rank] = error_NC.sum(dim=0) / items * scale_C
            return float(value), gradient.flatten().cpu().numpy()

        start = torch.cat([weight / scale_CR, (bias / scale_C)[:, None]], dim=1)
        found = minimize(
            objective,
            start.flatten().cpu().numpy(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": STEPS, "maxfun": 2 * STEPS, "gtol": TOLERANCE, "ftol": 1e-12, "maxcor": 20},
        )
        scaled = torch.from_numpy(found.x).to(q.device).view(classes, rank + 1)
        self._start = scaled[:, :rank] * scale_CR, scaled[:, rank] * scale_C
        return *self._start, bool(found.success)

    def _first_bias(self, q: Tensor) -> Tensor:
        if self._binary:
            return torch.logit(q)
        return q.log() - q.log().mean()

    def _loss(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The loss summed over items, and its gradient [N, C] by the outputs."""
        if self._binary:
            loss = functional.binary_cross_entropy_with_logits(outputs, self._target, reduction="sum")
            return loss, outputs.sigmoid() - self._target
        logs = outputs.log_softmax(dim=1)
        return -(self._target * logs).sum(), logs.exp() - self._target


def _distributions(task: Task, target: Tensor) -> Tensor:
    """Targets as float64 [N, C]: one-hot, probabilities that sum to 1, or marks."""
    if task.kind == "single_label":
        return functional.one_hot(target[:, 0].long(), task.outputs).double()
    found = target.double()
    return found / found.sum(dim=1, keepdim=True) if task.kind == "distribution" else found


def _val_loss(task: Task, heads: Heads, val: Examples) -> float:
    return float(head_loss(task)(heads.outputs(val.features)[0], val.target))
