"""One step: gradients to new weights, and the term to blame where they are not finite."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World
from pacl_core.training.method import Inputs, Losses, Method
from pacl_core.training.state import TrainState, update_average


class NotFiniteError(Exception):
    """A loss or gradient of some `terms` is infinite or no number; `what` says which."""

    def __init__(self, what: str, terms: Sequence[str]) -> None:
        super().__init__(what)
        self.what, self.terms = what, terms


def update(
    method: Method[Inputs],
    state: TrainState,
    params: TrainingParams,
    *,
    inputs: Sequence[Inputs],
    world: World,
) -> dict[str, Tensor]:
    """One optimiser step; its scalars for the curves, the norm of all gradients before clipping among them.

    Raises `NotFiniteError` for a loss or gradient that is not finite; the weights, and with
    `non_finite: skip` the buffers too, are then as they were.
    """
    # the forward of a normalisation that updates would keep what is not finite in its statistics
    buffers = list(state.model.buffers()) if params.non_finite == "skip" else []
    before = [buffer.clone() for buffer in buffers]
    losses = add_gradients(method, state, inputs, world=world)
    norm = gradient_norm(state)
    # one look at the device, which waits for the whole step
    if not torch.isfinite(torch.stack([*losses.terms.values(), norm])).all():
        error = _not_finite(method, state, losses, inputs=inputs, world=world)
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
        raise error
    if params.clip_norm is not None:
        torch.nn.utils.clip_grads_with_norm_(state.parameters, params.clip_norm, norm)
    state.optimiser.step()
    if params.ema is not None:
        update_average(state.average, state.model, params.ema)
    scalars = {f"loss/{term}": loss for term, loss in losses.terms.items()}
    return {**scalars, **losses.figures, "gradient_norm": norm}


def add_gradients(
    method: Method[Inputs], state: TrainState, inputs: Sequence[Inputs], *, world: World
) -> Losses:
    """Give every parameter the gradient of the summed losses of all pieces and ranks.

    Returns the losses of all pieces and ranks, detached.
    """
    state.optimiser.zero_grad()
    terms: dict[str, Tensor] = {}
    figures: dict[str, Tensor] = {}
    for piece in inputs:
        losses = method.losses(piece, world)
        torch.autograd.backward(torch.stack(list(losses.terms.values())).sum())
        for name, term in losses.terms.items():
            value = world.add_up(term.detach().clone())
            terms[name] = terms[name] + value if name in terms else value
        figures |= losses.figures
    world.add_up_gradients(state.parameters)
    return Losses(terms, figures)


def gradient_norm(state: TrainState) -> Tensor:
    """The Euclidean norm of all gradients as one vector, a scalar."""
    gradients = [parameter.grad for parameter in state.parameters if parameter.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)


def _not_finite(
    method: Method[Inputs], state: TrainState, losses: Losses, *, inputs: Sequence[Inputs], world: World
) -> NotFiniteError:
    """Names the terms that are not finite, else those whose own gradients are not, else all."""
    wrong = {name: loss.item() for name, loss in losses.terms.items() if not torch.isfinite(loss)}
    if wrong:
        said = ", ".join(f"loss of {name} is {value}" for name, value in wrong.items())
        return NotFiniteError(said, list(wrong))
    named = []
    for piece in inputs:
        for name in losses.terms:
            # each from a forward of its own: a compiled backbone's graph serves one backward
            term = method.losses(piece, world).terms.get(name)
            if term is None:
                continue
            state.optimiser.zero_grad()
            torch.autograd.backward(term)
            world.add_up_gradients(state.parameters)
            if not torch.isfinite(gradient_norm(state)):
                named.append(name)
    named = named or list(losses.terms)
    return NotFiniteError(f"gradient of {' + '.join(named)} is not finite", named)
