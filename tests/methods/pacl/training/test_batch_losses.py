"""The losses of a batch and their gradients, held against the plainest way to write them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from pacl_core.methods.pacl.objective import Labels, partition_loss
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.batch_losses import Embedded, batch_losses, labels_of
from pacl_core.methods.pacl.training.projectors import embed, make_projectors
from pacl_core.models.backbones import Backbone
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.method import Batch, Losses


@pytest.fixture
def samples(make_shards: Callable[..., Path], tmp_path: Path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def losses_of(
    backbone: Backbone, projectors: nn.ModuleDict, images: Tensor, batch: Batch, samples: Samples, mixed: bool
) -> Losses:
    texts = torch.from_numpy(np.array(samples.texts[batch.rows()]))
    embedded = Embedded(*embed(projectors, backbone.module(images), texts))
    labels = labels_of(samples, batch, "cpu")
    return batch_losses(embedded, batch, labels, temperature=0.07, mixed=mixed, world=ALONE)


def test_gradients_are_those_of_the_summed_losses(
    samples: Samples, make_backbone: Callable[[], Backbone]
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
        total = total + partition_loss(cosines, name, Labels(factual, emotional), temperature=0.07)
    expected = torch.autograd.grad(total, parameters)

    everything = images([row for rows in batches.values() for row in rows.tolist()])
    losses = losses_of(backbone, projectors, everything, Batch(batches), samples, mixed=False)
    sum(losses.terms.values()).backward()
    assert list(losses.terms) == ["strong", "partial_emotional", "partial_factual", "weak"]
    torch.testing.assert_close(sum(losses.terms.values()).detach(), total.detach())
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_a_mixed_batch_has_all_of_it_as_candidates(
    samples: Samples, make_backbone: Callable[[], Backbone]
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

    losses = losses_of(backbone, projectors, images, Batch(batches), samples, mixed=True)
    sum(losses.terms.values()).backward()
    for name in batches:
        torch.testing.assert_close(losses.terms[name].detach(), expected[name].detach())
        assert losses.figures[f"without_negatives/{name}"].item() == pytest.approx(empty[name])
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


@pytest.mark.parametrize("mixed", [False, True])
def test_on_a_gpu_all_is_computed_there_and_it_is_asked_nothing(mixed: bool) -> None:
    """Tensors without values, on a GPU that need not be there: torch refuses to mix devices, to read a value
    and to make a shape that depends on one, each of which would wait for the GPU in every step."""
    sizes = {"strong": 5, "partial_emotional": 4, "partial_factual": 3, "weak": 6}
    batch = Batch({name: np.arange(size) for name, size in sizes.items()})
    with FakeTensorMode(), torch.device("cuda"):
        embedded = Embedded(torch.empty(18, 16), torch.empty(18, 16))
        labels = Labels(*(torch.empty(18, dtype=torch.int64) for _ in "vt"))
        found = batch_losses(
            embedded, batch, labels, temperature=torch.empty(()), mixed=mixed, world=World(device="cuda")
        )
    assert list(found.terms) == list(sizes)
    assert {f"{value.device.type}" for value in [*found.terms.values(), *found.figures.values()]} == {"cuda"}
