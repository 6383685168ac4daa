"""Cases in which the objective coincides with losses of others, on closed-form inputs.

`open_clip.ClipLoss` is L1, and the log of summed positives is the masked loss on its own. The values
were computed with those libraries; inputs are sin(1.3 i + 0.7 j + 0.11 ij) for images and
cos(0.9 i - 0.5 j + 0.07 ij) for texts, 8 of each, 6 wide, L2-normalised.
"""

import json
import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.methods.pacl.objective import Labels, masked_loss, partition_loss
from tests.paths import ROOT

LABELS = torch.tensor([0, 1, 1, 2, 0, 2, 3, 1])
CLIP_LOSS = {1.0: 1.9827288352053116, 10.0: 4.1150430921675705, 14.285714: 5.634361788078003}
SUMMED_POSITIVES = {0.07: 5.054030509934499, 0.1: 3.623707717179832, 1.0: 1.3846876914624553}
FIXTURES = ROOT.parent / "shared" / "fixtures" / "loss_fixtures.json"


def similarity() -> Tensor:
    images = [[math.sin(1.3 * i + 0.7 * j + 0.11 * i * j) for j in range(6)] for i in range(8)]
    texts = [[math.cos(0.9 * i - 0.5 * j + 0.07 * i * j) for j in range(6)] for i in range(8)]
    image_VD = normalize(torch.tensor(images, dtype=torch.float64), dim=1)
    text_TD = normalize(torch.tensor(texts, dtype=torch.float64), dim=1)
    return image_VD @ text_TD.T


@pytest.mark.parametrize("scale", CLIP_LOSS)
def test_strong_loss_is_the_clip_loss(scale: float) -> None:
    ours = partition_loss(similarity(), "strong", Labels(LABELS, LABELS), temperature=1 / scale)
    assert ours.item() == pytest.approx(CLIP_LOSS[scale], rel=1e-6)


@pytest.mark.parametrize("temperature", SUMMED_POSITIVES)
def test_masked_loss_sums_positives_inside_the_log(temperature: float) -> None:
    positives = LABELS[:, None] == LABELS[None, :]
    here = masked_loss(similarity(), positives, ~positives, temperature=temperature).mean()
    there = masked_loss(similarity().T, positives, ~positives, temperature=temperature).mean()
    assert ((here + there) / 2).item() == pytest.approx(SUMMED_POSITIVES[temperature], rel=1e-7)


def test_constants_are_those_of_the_fixtures() -> None:
    if not FIXTURES.is_file():
        pytest.skip("no fixtures next to the project")
    results = json.loads(FIXTURES.read_text())["results"]
    for scale, value in CLIP_LOSS.items():
        assert results[f"open_clip.ClipLoss scale={scale:.6f}"] == value
    for temperature, value in SUMMED_POSITIVES.items():
        name = f"plain maths img<->txt multi-positive L_in T={temperature}"
        assert results[name] == pytest.approx(value, rel=1e-14)
