"""The gradients of a step."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pacl_core.models.backbones import Backbone
from pacl_core.objective import partition_loss
from pacl_core.shards.read import Samples, read_shards
from pacl_core.training.projectors import make_projectors
from pacl_core.training.step import add_gradients


@pytest.fixture
def samples(make_shards: Callable[..., Path], tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


@pytest.mark.parametrize("together", [True, False])
def test_gradients_are_those_of_the_summed_losses(
    samples: Samples, make_backbone: Callable[[], Backbone], together: bool
) -> None:
    batches = {name: np.array(rows)[:5] for name, rows in samples.rows.items()}
    backbone = make_backbone()
    projectors = make_projectors(10, 6, 16, seed=0)
    parameters = [*backbone.module.parameters(), *projectors.parameters()]

    def images(rows: list[int]) -> Tensor:
        pixels = np.stack([backbone.preprocess.pixels(samples.picture(row)) for row in rows])
        return backbone.preprocess.normalise(torch.from_numpy(pixels))

    total = torch.zeros(())
    for name, rows in batches.items():  # the same in the plainest way
        z_v = projectors["image"](backbone.module(images(rows.tolist())))
        z_t = projectors["text"](torch.from_numpy(np.array(samples.texts[rows])))
        cosines = (z_v / z_v.norm(dim=1, keepdim=True)) @ (z_t / z_t.norm(dim=1, keepdim=True)).T
        factual = torch.from_numpy(samples.factual_labels[rows])
        emotional = torch.from_numpy(samples.emotional_labels[rows])
        total = total + partition_loss(cosines, name, factual, emotional, 0.07)
    expected = torch.autograd.grad(total, parameters)

    everything = images([row for rows in batches.values() for row in rows.tolist()])
    arguments = (backbone.module, projectors, everything, batches, samples, 0.07)
    losses = add_gradients(*arguments, together=together, where="step 0")
    assert list(losses.terms) == ["strong", "partial_emotional", "partial_factual", "weak"]
    torch.testing.assert_close(sum(losses.terms.values()), total.detach())
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)
