"""SNCE as EmotionCLIP's own code and as loops computed it (fixtures/snce.json next to the project)."""

import json
import math
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.methods.emotionclip import sentiment_guided_loss
from pacl_core.methods.emotionclip.objective import sentiment_weights
from tests.paths import SHARED

FIXTURE = SHARED / "fixtures" / "snce.json"
CASES = 88


@cache
def cases() -> list[dict[str, Any]]:
    if not FIXTURE.is_file():
        pytest.skip("no fixtures next to the project")
    found: list[dict[str, Any]] = json.loads(FIXTURE.read_text())["cases"]
    return found


def inputs(case: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    size, width = case["B"], case["D"]
    video = [[math.sin(1 + 7 * i + 3 * d) for d in range(width)] for i in range(size)]
    text = [[math.cos(2 + 5 * i + 2 * d) for d in range(width)] for i in range(size)]
    group = [i if case["sentiment"] == "distinct" else i % 3 for i in range(size)]
    shift = [i if case["sentiment"] == "shifted" else 0 for i in range(size)]
    logits = [[3 * math.sin(2 * group[i] + 1.3 * k) + shift[i] for k in range(7)] for i in range(size)]
    video_BD, text_BD = (normalize(torch.tensor(one, dtype=torch.float64), dim=1) for one in (video, text))
    return video_BD.requires_grad_(), text_BD, torch.tensor(logits, dtype=torch.float64)


@pytest.mark.parametrize("number", range(CASES))
def test_a_case_of_the_fixture(number: int) -> None:
    case = cases()[number]
    video, text, logits = inputs(case)
    beta, scale = case["beta"], case["logit_scale"]
    columns: tuple[tuple[Any, str], ...] = (("forward", "kl_of_paper_naive"), ("reverse", "kl_of_code_naive"))
    for kl, column in columns:
        loss = sentiment_guided_loss(video @ text.T, logits, beta=beta, scale=scale, kl=kl)
        assert loss.item() == pytest.approx(case[column], rel=1e-9, abs=1e-9)
    if beta == 0:
        assert loss.item() == pytest.approx(case["infonce"], rel=1e-9, abs=1e-9)
    if case["published_code"] is not None:  # NaN at beta 0 with equal rows
        assert loss.item() == pytest.approx(case["published_code"], rel=1e-9, abs=1e-9)
    if None not in (published := case.get("gradient_v0", [])):
        (gradient,) = torch.autograd.grad(loss, video)  # of the code's direction; its first numbers are kept
        assert gradient[0, : len(published)].tolist() == pytest.approx(published, rel=1e-9, abs=1e-9)


def test_every_case_is_looked_at_and_some_have_a_gradient() -> None:
    assert len(cases()) == CASES
    assert sum(None not in case.get("gradient_v0", [None]) for case in cases()) >= 5


def test_weights_are_infinite_where_the_fixture_says() -> None:
    cases()
    case = {"B": 5, "D": 4, "sentiment": "mod3"}
    found = sentiment_weights(inputs(case)[2]).rows(slice(0, 5)).isinf()
    expected = json.loads(FIXTURE.read_text())["weights_mod3_B5_beta1_where_infinite"]
    assert (found & ~torch.eye(5, dtype=torch.bool)).tolist() == expected
