"""Amalgamation against numbers of the published code (published/amalgamation.json), and its properties."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, mse_loss

from pacl_core.methods.feng import Outputs, amalgamation_loss
from pacl_core.methods.feng.objective import FEATURES, LOGITS

PUBLISHED = Path(__file__).parent / "published"
KNOWN = json.loads((PUBLISHED / "amalgamation.json").read_text())
SHAPES = ((2, 4, 8, 8), (2, 6, 4, 4), (2, 8, 2, 2), (2, 10, 1, 1))
NETWORKS = ("student", "st", "ho", "hp")
TARGET = torch.tensor([3, 0])


def network(number: int) -> Outputs:
    """The fixture's: every element follows from its place, the stage and the network."""
    maps = []
    for stage, shape in enumerate(SHAPES):
        k = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
        maps.append(torch.sin(0.3 * k + 2 * number + 5 * stage + 1).view(shape).requires_grad_())
    b, c = torch.arange(2, dtype=torch.float64)[:, None], torch.arange(8, dtype=torch.float64)
    logits = 2 * torch.sin(1 + 3 * b + 0.9 * c + 0.5 * number)
    return Outputs(maps, logits.requires_grad_())


def four() -> dict[str, Outputs]:
    return {name: network(number) for number, name in enumerate(NETWORKS)}


def targets(of: dict[str, Outputs], names: tuple[str, ...] = NETWORKS) -> dict[str, Tensor]:
    return {name: cross_entropy(of[name].logits, TARGET) for name in names}


def total(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def test_terms_and_their_sum_are_the_published_codes() -> None:
    of = four()
    terms = amalgamation_loss(of["student"], of["st"], of["ho"], of["hp"], targets(of))
    known = KNOWN["terms"]
    assert {name: term.item() for name, term in terms.items()} == {
        "feature_st_f2": close(known["feature_st_f2"]),
        "feature_ho_f3": close(known["feature_ho_f3"]),
        "feature_hp_f4": close(known["feature_hp_f4"]),
        "logits_hp": close(known["logits_hp_mean"]),
        "target_student": close(known["target_stu"]),
        "target_st": close(known["target_low"]),
        "target_ho": close(known["target_mid"]),
        "target_hp": close(known["target_high"]),
    }
    assert total(terms).item() == close(KNOWN["total"])
    assert 8 * terms["logits_hp"].item() == close(known["logits_hp_eq5_squared_norm_mean_over_images"])


def test_gradients_are_the_published_codes_in_student_and_specialist() -> None:
    of = four()
    torch.autograd.backward(total(amalgamation_loss(**of, target_losses=targets(of))))
    known = KNOWN["gradients"]
    for name in ("student", "hp"):
        gradient = of[name].stages[3].grad
        assert gradient is not None and gradient.flatten()[:3].tolist() == close(known[f"{name}_f4"])
        gradient = of[name].logits.grad
        assert gradient is not None and gradient[0].tolist() == close(known[f"{name}_logits_row0"])
    assert of["student"].stages[0].grad is None  # stage 1 takes no part


@pytest.mark.parametrize(
    ("variant", "names", "logits"),
    [
        ("no_target_loss_of_teachers", ("student",), ("hp",)),
        ("no_logits", NETWORKS, ()),
        ("all_logits", NETWORKS, ("st", "ho", "hp")),
    ],
)
def test_ablations_are_the_published_codes(
    variant: str, names: tuple[str, ...], logits: tuple[str, ...]
) -> None:
    of = four()
    found = amalgamation_loss(**of, target_losses=targets(of, names), logits=logits)
    assert total(found).item() == close(KNOWN["variants"][variant])


@pytest.mark.parametrize("off", ["st", "ho", "hp"])
def test_a_term_that_is_off_leaves_no_gradient(off: str) -> None:
    of = four()
    kept = {name: stages for name, stages in FEATURES.items() if name != off}
    others = tuple(name for name in NETWORKS if name != off)
    logits = tuple(name for name in LOGITS if name != off)
    torch.autograd.backward(
        total(amalgamation_loss(**of, target_losses=targets(of, others), features=kept, logits=logits))
    )
    assert all(tensor.grad is None for tensor in (*of[off].stages, of[off].logits))
    stage = {"st": 1, "ho": 2, "hp": 3}[off]
    assert [place for place in (1, 2, 3) if of["student"].stages[place].grad is None] == [stage]


def test_four_equal_networks_have_their_target_losses_alone() -> None:
    of = dict.fromkeys(NETWORKS, network(0))
    terms = amalgamation_loss(**of, target_losses=targets(of))
    assert {name for name, term in terms.items() if term.item()} == {f"target_{name}" for name in NETWORKS}
    assert total(terms).item() == close(4 * KNOWN["terms"]["target_stu"])


def test_frozen_specialists_change_no_gradient_of_the_student() -> None:
    found = []
    for frozen in (False, True):
        of = four()
        if frozen:
            for name in ("st", "ho", "hp"):
                of[name] = Outputs([one.detach() for one in of[name].stages], of[name].logits.detach())
        torch.autograd.backward(total(amalgamation_loss(**of, target_losses=targets(of))))
        found.append([one.grad for one in (*of["student"].stages[1:], of["student"].logits)])
    for one, other in zip(*found, strict=True):
        assert one is not None and other is not None and torch.equal(one, other)


def test_maps_of_other_shapes_are_refused() -> None:
    of = four()
    of["st"] = Outputs([one[..., :1] for one in of["st"].stages], of["st"].logits)
    with pytest.raises(ValueError, match=r"a student's \(2, 6, 4, 4\) is compared with a teacher's"):
        amalgamation_loss(**of, target_losses=targets(of))


def test_label_distributions_are_compared_by_log_probabilities_and_learnt_by_kl() -> None:
    known = json.loads((PUBLISHED / "distribution.json").read_text())
    i, j = torch.arange(3, dtype=torch.float64)[:, None], torch.arange(6, dtype=torch.float64)
    wanted, logits = 1 + torch.sin(1 + 2 * i + 0.7 * j), torch.sin(1 + i + 0.6 * j)
    loss = kl_div(logits.log_softmax(1), wanted / wanted.sum(1, keepdim=True), reduction="batchmean")
    assert loss.item() == close(known["loss_batchmean"])
    b, c = torch.arange(2, dtype=torch.float64)[:, None], torch.arange(8, dtype=torch.float64)
    log_prob = torch.sin(1 + b + 0.6 * c).log_softmax(1)
    assert log_prob[0].tolist() == close(known["log_prob_of_student_logits_row0_of_amalgamation"]["value"])
    one, other = network(0)._replace(logits=log_prob), network(1)._replace(logits=log_prob.roll(1, 0))
    terms = amalgamation_loss(one, other, other, other, {}, features={})
    assert {name: term.item() for name, term in terms.items()} == {
        "logits_hp": close(mse_loss(log_prob, log_prob.roll(1, 0)).item())
    }
