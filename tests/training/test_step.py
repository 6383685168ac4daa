"""One step on the toy: what is clipped, averaged, blamed and restored."""

import pytest
import torch
from torch import Tensor, nn

from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.method import Batch, Losses
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.state import TrainState, start_average
from pacl_core.training.step import NotFiniteError, add_gradients, update
from tests.training.looks import Looks
from tests.training.toy import Toy, weights

PARAMS = TrainingParams()


class Steep(Toy):
    """The loss `offset` is as it was, and its gradient is no number."""

    def losses(self, inputs: Batch, world: World) -> Losses:
        terms = dict(super().losses(inputs, world).terms)
        if "offset" in terms:
            terms["offset"] = terms["offset"] + (0 * self.model["backbone"].bias).sum().sqrt()
        return Losses(terms)


def pieces(toy: Toy) -> list[Batch]:
    """Of the batch that has row 0 in both of its parts."""
    batch = next(one for one in toy.batches(0) if 0 in one.parts["slope"])
    return toy.load(0, batch)


def state_of(toy: Toy, params: TrainingParams = PARAMS) -> TrainState:
    average = start_average(toy.model) if params.ema is not None else {}
    return TrainState(toy.model, make_optimiser(toy.model, toy.learning_rates, params), average)


def step(toy: Toy, state: TrainState, params: TrainingParams = PARAMS) -> dict[str, Tensor]:
    return update(toy, state, params, inputs=pieces(toy), world=ALONE)


def whole_gradient() -> tuple[Tensor, ...]:
    """Of both losses at once, by torch alone."""
    toy = Toy()
    rows = pieces(toy)[1].rows()
    errors = (toy.y[rows] - toy.model["backbone"](toy.x[rows])[:, 0]).square()
    return torch.autograd.grad(2 * errors[:4].mean() + errors.mean(), list(toy.model.parameters()))


def gradients(toy: Toy) -> tuple[Tensor, ...]:
    return tuple(parameter.grad for parameter in toy.model.parameters() if parameter.grad is not None)


def norm_of(tensors: tuple[Tensor, ...]) -> float:
    return sum(float((tensor.double() ** 2).sum()) for tensor in tensors) ** 0.5


def test_gradients_of_pieces_are_those_of_the_sum() -> None:
    toy = Toy()
    state = state_of(toy)
    for _ in range(2):  # and the step before leaves nothing
        add_gradients(toy, state, pieces(toy), world=ALONE)
    torch.testing.assert_close(gradients(toy), whole_gradient())


def test_losses_of_a_term_in_several_pieces_add_up() -> None:
    toy = Toy()
    slope, offset = pieces(toy)
    losses = add_gradients(toy, state_of(toy), [slope, slope, offset], world=ALONE)
    assert losses.terms["slope"].item() == pytest.approx(2 * toy.losses(slope, ALONE).terms["slope"].item())
    assert not losses.terms["slope"].requires_grad


def test_the_scalars_are_the_losses_and_the_norm_before_clipping() -> None:
    toy = Toy()
    expected = {f"loss/{n}": t.item() for p in pieces(toy) for n, t in toy.losses(p, ALONE).terms.items()}
    found = step(toy, state_of(toy), TrainingParams(clip_norm=0.5))
    expected["gradient_norm"] = norm_of(whole_gradient())
    assert {name: value.item() for name, value in found.items()} == pytest.approx(expected)


def test_a_long_gradient_is_cut_to_the_norm_allowed() -> None:
    toy, whole = Toy(), whole_gradient()
    step(toy, state_of(toy), TrainingParams(clip_norm=0.5))
    expected = tuple(0.5 / norm_of(whole) * gradient for gradient in whole)
    torch.testing.assert_close(gradients(toy), expected, rtol=1e-4, atol=1e-6)


def test_a_short_gradient_is_left_as_it_is() -> None:
    toy = Toy()
    step(toy, state_of(toy), TrainingParams(clip_norm=1e3))
    torch.testing.assert_close(gradients(toy), whole_gradient())


def test_the_average_follows_the_new_weights() -> None:
    toy, params = Toy(), TrainingParams(ema=0.9)
    state, old = state_of(toy, params), weights(Toy())
    step(toy, state, params)
    for average, before, after in zip(state.average.values(), old, weights(toy), strict=True):
        torch.testing.assert_close(average, 0.9 * before + 0.1 * after)


@pytest.mark.parametrize(
    ("place", "terms", "what"),
    [
        (0, ["slope", "offset"], "loss of slope is nan, loss of offset is nan"),
        (5, ["offset"], "loss of offset is nan"),
    ],
)
def test_the_terms_that_are_not_finite_are_named(place: int, terms: list[str], what: str) -> None:
    toy = Toy(broken=int(pieces(Toy())[1].rows()[place]))
    with pytest.raises(NotFiniteError) as caught:
        step(toy, state_of(toy))
    assert list(caught.value.terms) == terms
    assert caught.value.what == what


def test_only_the_term_whose_gradient_is_not_finite_is_named() -> None:
    toy = Steep()
    with pytest.raises(NotFiniteError) as caught:
        step(toy, state_of(toy))
    assert list(caught.value.terms) == ["offset"]
    assert caught.value.what == "gradient of offset is not finite"


@pytest.mark.parametrize("toy", [Toy(broken=0), Steep()])
def test_a_step_that_fails_moves_nothing(toy: Toy) -> None:
    params = TrainingParams(ema=0.9)
    state = state_of(toy, params)
    with pytest.raises(NotFiniteError):
        step(toy, state, params)
    for now, average, before in zip(weights(toy), state.average.values(), weights(Toy()), strict=True):
        assert torch.equal(now, before) and torch.equal(average, before)
    assert not state.optimiser.state


@pytest.mark.parametrize(("non_finite", "finite"), [("skip", True), ("stop", False)])
def test_statistics_are_restored_where_the_step_is_skipped(non_finite: str, finite: bool) -> None:
    toy = Toy()
    toy.x[0] = torch.nan
    norm = nn.BatchNorm1d(2)
    toy.model["backbone"] = nn.Sequential(norm, nn.Linear(2, 1))
    params = TrainingParams.model_validate({"non_finite": non_finite})
    with pytest.raises(NotFiniteError):
        step(toy, state_of(toy, params), params)
    assert (norm.num_batches_tracked.item() == 0) == finite
    assert bool(norm.running_mean.isfinite().all()) == finite


@pytest.mark.parametrize("non_finite", ["stop", "skip"])
def test_a_step_asks_its_device_once(non_finite: str) -> None:
    """Whether all is finite: the one thing that decides what comes next."""
    params = TrainingParams(ema=0.9, clip_norm=5.0, non_finite=non_finite)
    toy = Toy()
    state = state_of(toy, params)
    with Looks() as looks:
        step(toy, state, params)
    # the toy's own losses index by NumPy's arrays
    assert [one for one in looks.seen if one != "aten.lift_fresh.default"] == [
        "aten._local_scalar_dense.default"
    ]


def test_a_gradient_is_blamed_where_a_graph_serves_one_backward() -> None:
    """As the graph of a compiled backbone does."""
    graphs: list[bool] = []

    class Once(Steep):
        def losses(self, inputs: Batch, world: World) -> Losses:
            found = super().losses(inputs, world)
            return Losses({name: OneBackward.apply(term) for name, term in found.terms.items()})

    class OneBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx: torch.autograd.function.FunctionCtx, term: Tensor) -> Tensor:
            return term.clone()

        @staticmethod
        def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
            graphs.append(torch._C._autograd._get_current_graph_task_keep_graph())
            return gradient

    toy = Once()
    with pytest.raises(NotFiniteError, match="gradient of offset is not finite"):
        step(toy, state_of(toy))
    assert graphs and not any(graphs)
