"""The gradients of a step."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import partition_loss
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.models.backbones import Backbone
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
        pixels = np.stack([backbone.preprocess.pixels(samples.image(row)) for row in rows])
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


@pytest.mark.parametrize("together", [True, False])
def test_a_mixed_batch_has_all_of_it_as_candidates(
    samples: Samples, make_backbone: Callable[[], Backbone], together: bool
) -> None:
    batches = {name: np.array(rows)[: 3 + i] for i, (name, rows) in enumerate(samples.rows.items())}
    rows = np.concatenate(list(batches.values()))
    backbone = make_backbone()
    projectors = make_projectors(10, 6, 16, seed=0)
    pixels = np.stack([backbone.preprocess.pixels(samples.image(row)) for row in rows])
    images = backbone.preprocess.normalise(torch.from_numpy(pixels))

    z_v = projectors["image"](backbone.module(images))
    z_t = projectors["text"](torch.from_numpy(np.array(samples.texts[rows])))
    cosines = (z_v / z_v.norm(dim=1, keepdim=True)) @ (z_t / z_t.norm(dim=1, keepdim=True)).T
    labels = samples.factual_labels[rows].tolist(), samples.emotional_labels[rows].tolist()
    expected, empty, start = {}, {}, 0
    for name, batch in batches.items():
        own = range(start, start + len(batch))
        start += len(batch)
        anchors = [naive_anchors(cosines, name, *labels, row) for row in own]
        expected[name] = sum(loss for loss, _ in anchors) / len(batch)
        empty[name] = sum(none for _, none in anchors) / len(batch)
    total = sum(expected.values())
    parameters = [*backbone.module.parameters(), *projectors.parameters()]
    gradients = torch.autograd.grad(total, parameters)

    arguments = (backbone.module, projectors, images, batches, samples, 0.07)
    losses = add_gradients(*arguments, together=together, where="step 0", mixed=True)
    for name in batches:
        torch.testing.assert_close(losses.terms[name], expected[name].detach())
        assert losses.shares[f"without_negatives/{name}"].item() == pytest.approx(empty[name])
    for parameter, gradient in zip(parameters, gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-5)


def naive_anchors(
    cosines: Tensor, partition: str, factual: list[int], emotional: list[int], own: int
) -> tuple[Tensor, float]:
    """Half the loss of image `own` plus half that of text `own`, and the share of them without a negative."""
    s, everyone = cosines.tolist(), range(len(cosines))

    def best_text(v: int) -> int:
        return max(everyone, key=lambda t: s[v][t])

    def best_image(t: int) -> int:
        return max(everyone, key=lambda v: s[v][t])

    def excluded(v: int, t: int) -> bool:
        by_factual = factual[v] == factual[best_image(t)]
        by_emotional = emotional[t] == emotional[best_text(v)]
        return (partition in ("partial_emotional", "weak") and by_factual) or (
            partition in ("partial_factual", "weak") and by_emotional
        )

    loss, without = torch.zeros(()), 0.0
    weak = partition == "weak"
    for positive, pairs in (
        ((own, best_text(own) if weak else own), [(own, t) for t in everyone]),
        ((best_image(own) if weak else own, own), [(v, own) for v in everyone]),
    ):
        negatives = [p for p in pairs if p not in (positive, (own, own)) and not excluded(*p)]
        up = torch.exp(cosines[positive] / 0.07)
        loss = loss - 0.5 * torch.log(up / (up + sum(torch.exp(cosines[p] / 0.07) for p in negatives)))
        without += 0.5 * (not negatives)
    return loss, without
