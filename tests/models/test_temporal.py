"""The temporal head: the published module's values, what order does, what is refused."""

import math
from typing import Any

import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.models.temporal import TemporalHead
from pacl_core.params.video_text import TemporalParams
from tests.models.published_emotionclip import assert_near, closed_form, fixture, with_closed_form_weights

PARAMS = TemporalParams(layers=2, heads=4, width=32)


def head() -> TemporalHead:
    return TemporalHead(16, PARAMS, frames=4).eval()


def frames() -> torch.Tensor:
    return closed_form(lambda b, t, d: math.sin(1 + b + 0.9 * t + 0.4 * d), 2, 4, 16)


@pytest.mark.parametrize("kind", ["transformer", "mean"])
def test_values_of_the_published_module(kind: Any) -> None:
    published = fixture("temporal")["heads"][kind]
    ours = TemporalHead(16, PARAMS.model_copy(update={"kind": kind}), frames=4)
    assert set(ours.state_dict()) == {name for name in published["state_names"] if name != "position_ids"}
    with torch.no_grad():
        found = with_closed_form_weights(ours, published["state_names"])(frames())
    assert_near(found, published["output"])


def test_frames_in_another_order_are_another_clip() -> None:
    published = fixture("temporal")
    ours = with_closed_form_weights(head(), published["heads"]["transformer"]["state_names"])
    with torch.no_grad():
        assert_near(ours(frames().flip(1)), published["transformer_frames_reversed"])
        assert_near(ours(frames()[:, :1].expand(-1, 4, -1)), published["transformer_first_frame_repeated"])


def test_order_matters_to_the_transformer_and_not_to_the_mean() -> None:
    x = frames().float()
    for ours, same in ((head(), False), (TemporalHead(16, TemporalParams(kind="mean")), True)):
        assert torch.allclose(ours(x), ours(x.flip(1)), atol=1e-6) is same


def test_fewer_frames_take_the_first_positions_and_more_are_refused() -> None:
    ours = head()
    assert ours(frames().float()[:, :2]).shape == (2, 16)
    with pytest.raises(ValueError, match="5 frames for a temporal head of 4 positions"):
        ours(torch.zeros(1, 5, 16))


def test_layers_start_unlike_each_other_and_positions_are_normal() -> None:
    torch.manual_seed(0)
    ours = TemporalHead(64, TemporalParams(layers=2))
    first, second = ours.fusion_layer.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)
    assert ours.frame_position_embedding.weight.std().item() == pytest.approx(1, abs=0.1)


def test_dropout_acts_in_training_only_and_autocast_works() -> None:
    ours, x = head(), frames().float()
    assert torch.equal(ours(x), ours(x))
    ours.train()
    assert not torch.equal(ours(x), ours(x))
    with torch.autocast("cpu", torch.bfloat16):
        ours(x).float().sum().backward()
    ours.eval()
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert ours(x).isfinite().all()


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(UserError, match=r"temporal\.heads: 3 does not divide the 16"):
        TemporalHead(16, TemporalParams(heads=3))
