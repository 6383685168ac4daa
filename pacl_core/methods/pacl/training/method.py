"""PACL as a method of the engine: shards in, the losses of the scheduled partitions out."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.objective import Labels
from pacl_core.methods.pacl.objective.schedule import active_partitions, scheduled_partitions
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.methods.pacl.training.batch_losses import Embedded, batch_losses, labels_of
from pacl_core.methods.pacl.training.batches import EpochBatches
from pacl_core.methods.pacl.training.held_out import HeldOut, hold_out
from pacl_core.methods.pacl.training.projectors import LearnedTemperature, embed, make_projectors
from pacl_core.methods.pacl.training.rebuilt import example_batch, keep, rebuilt_positives
from pacl_core.methods.pacl.training.warm_up import warm_up
from pacl_core.models.backbones import Backbone
from pacl_core.models.frozen import on_device
from pacl_core.training.distributed import World
from pacl_core.training.forward import backbone_features, learning, one_forward
from pacl_core.training.method import Batch, Losses, RowIds
from pacl_core.training.pixels import ImageSource, batch_loader, decoded_source, view_source
from pacl_core.training.retrieval import retrieval

log = logging.getLogger("pacl")


@dataclass(frozen=True)
class Inputs:
    """`images` are the stored features of the untouched backbone, needed if projectors are warmed up.

    `chosen`: the pairs to train on and those held out; None: by the partition of the samples.
    """

    samples: Samples
    backbone: Backbone
    images: Vectors | None = None
    chosen: HeldOut | None = None


class Piece(NamedTuple):
    """What one forward and backward pass needs, on the device.

    `images` [b, 3, H, W] and `texts` [b, D_t] of this rank, `labels` and `batch` of all ranks.
    """

    images: Tensor
    texts: Tensor
    labels: Labels
    batch: Batch


@dataclass(frozen=True)
class Pacl:
    """`rows`: those to train on by partition; `held`: strong ones kept out; `shown`: weak ones for examples.

    `left_out`: by partition, the number of pairs that left training with those that are `held`.

    `views` loads images to learn from, `plain` those to look at; `stored` are features of the untouched
    backbone that warm the projectors up. `world` is this process among those that train together.
    """

    model: nn.ModuleDict
    params: TrainParams
    samples: Samples
    rows: Mapping[str, RowIds]
    held: RowIds
    left_out: Mapping[str, int]
    shown: RowIds
    features: Callable[[Tensor], Tensor]
    views: Callable[[int, RowIds], Tensor]
    plain: Callable[[int, RowIds], Tensor]
    stored: Vectors | None
    work: Path
    world: World

    @property
    def learning_rates(self) -> dict[str, float]:
        """Everything except the backbone learns at the projectors' rate."""
        rates = dict.fromkeys(self.model, self.params.projector_lr)
        return rates | {"backbone": self.params.backbone_lr}

    @property
    def sample_ids(self) -> Sequence[str]:
        return self.samples.sample_ids

    @property
    def sizes(self) -> dict[str, int]:
        """Pairs to train on by partition."""
        return {name: len(rows) for name, rows in self.rows.items()}

    @property
    def images_seen(self) -> int:
        """Images that pass through the backbone in the whole run."""
        return sum(self.batches(epoch).images for epoch in range(self.params.epochs))

    def warm_up(self) -> None:
        """Projectors alone, on stored features."""
        if self.params.projector_warmup_steps == 0:
            return
        if self.stored is None:
            raise ValueError("the warm-up of the projectors needs stored image features")
        projectors = self.model["projectors"]
        assert isinstance(projectors, nn.ModuleDict)
        strong, device = self.rows["strong"], self.world.device
        warm_up(projectors, self.samples, strong, images=self.stored, params=self.params, device=device)

    def batches(self, epoch: int) -> EpochBatches:
        """Batches of the partitions that the schedule has reached (Eq. 15 to 17)."""
        params = self.params
        active = active_partitions(epoch, params.epochs, params.usage, sizes=self.sizes)
        return EpochBatches(self.rows, active, params.batch_size, (params.seed, epoch), params.batching)

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        """All partitions as one piece if they share a forward pass, else one piece per partition.

        An anchor's candidates are its own partition's batch, so the gradients of the partitions add up. A
        mixed batch, or BatchNorm statistics that update, need the whole step in one piece.
        """
        if self.params.batching == "mixed" or one_forward(self.params, self.world.device):
            return [self._piece(epoch, batch)]
        return [self._piece(epoch, Batch({name: rows})) for name, rows in batch.parts.items()]

    def losses(self, inputs: Piece, world: World) -> Losses:
        """L1 .. L4 of the partitions of a piece, and what the filters did to them."""
        embedded = self._embed(inputs.images, inputs.texts)
        temperature, figures = self._temperature()
        mixed = self.params.batching == "mixed"
        found = batch_losses(
            embedded, inputs.batch, inputs.labels, temperature=temperature, mixed=mixed, world=world
        )
        return Losses(found.terms, {**found.figures, **figures})

    @torch.no_grad()
    def evaluate(self, epoch: int) -> dict[str, float]:
        """Retrieval among held-out pairs; examples of rebuilt positives before and after the weak phase."""
        following = active_partitions(
            min(epoch + 1, self.params.epochs - 1), self.params.epochs, self.params.usage, sizes=self.sizes
        )
        if len(self.shown):
            begins = "weak" in following and "weak" not in self.batches(epoch).active
            last = epoch == self.params.epochs - 1
            if begins or last:
                ids = [self.samples.sample_ids[row] for row in self.shown]
                shown = self._embed(self.plain(epoch, self.shown), self._texts(self.shown))
                keep(self.work, "late" if last else "early", rebuilt_positives(*shown, ids))
        if len(self.held) == 0:
            return {}
        blocks = np.array_split(self.held, -(-len(self.held) // self.params.batch_size))
        parts = [self._embed(self.plain(epoch, rows), self._texts(rows)) for rows in blocks]
        return retrieval(*(torch.cat(side) for side in zip(*parts, strict=True)))

    def extras(self) -> dict[str, Tensor]:
        """The projectors: "image.weight" [dim, D_v], "text.weight" [dim, D_t]."""
        return {name: tensor.detach().cpu() for name, tensor in self.model["projectors"].state_dict().items()}

    def temperature(self) -> float:
        """The fixed temperature, or the learnt one."""
        value, _ = self._temperature()
        return value if isinstance(value, float) else value.item()

    def _temperature(self) -> tuple[float | Tensor, dict[str, Tensor]]:
        if "temperature" not in self.model:
            return self.params.temperature, {}
        learnt: Tensor = self.model["temperature"]()
        return learnt, {"temperature": learnt.detach()}

    def _piece(self, epoch: int, batch: Batch) -> Piece:
        rows = batch.local(self.world).rows()
        labels = labels_of(self.samples, batch, self.world.device)
        return Piece(self.views(epoch, rows), self._texts(rows), labels, batch)

    def _texts(self, rows: RowIds) -> Tensor:
        return on_device(np.array(self.samples.texts[rows]), self.world.device)

    def _embed(self, images: Tensor, texts: Tensor) -> Embedded:
        return Embedded(*embed(self.model["projectors"], self.features(images).float(), texts))


def make_pacl(inputs: Inputs, params: TrainParams, *, images: ImageSource, world: World) -> Pacl:
    """The method before its first step: `backbone.module`, moved to the device in place, and new projectors.

    Raises `UserError` where no scheduled partition has a pair.
    """
    samples, backbone = inputs.samples, inputs.backbone
    chosen = inputs.chosen or hold_out(
        samples, params.holdout, distance=params.holdout_distance, seed=params.seed
    )
    rows, held = chosen.rows, chosen.held
    sizes = {name: len(own) for name, own in rows.items()}
    used = scheduled_partitions(params.epochs - 1, params.epochs, params.usage)
    if not any(sizes[name] for name in used):
        raise UserError(
            f"nothing to train: no pairs in {', '.join(used)}; lower a threshold in 'partition' or widen "
            "train.usage"
        )
    for name in used:
        if sizes[name] == 0:
            log.info("partition %s has no pairs: it contributes nothing", name)
    if world.first and (lone := _lone(used, sizes, params)):
        what = ", ".join(lone)
        log.warning("%s: batches of one pair, which has no negatives: nothing is learnt from them", what)
    for epoch in range(params.epochs):
        scheduled = scheduled_partitions(epoch, params.epochs, params.usage)
        if not any(sizes[name] for name in scheduled):
            what = f"epoch {epoch + 1} of {params.epochs}"
            log.info("%s: nothing to train, no pairs in %s", what, ", ".join(scheduled))
    counts = ", ".join(f"{name} {sizes[name]}" for name in used)
    log.info("%s pairs, %d held out; %d epochs", counts, len(held), params.epochs)
    if params.holdout:
        others = ", ".join(f"{name} {count}" for name, count in chosen.left_out.items())
        log.info("left out of training for the image or text of a pair that is held out: %s", others)
    if len(held) < params.holdout:
        log.info("train.holdout is %d: others would take too many pairs out of training", params.holdout)
    module = learning(backbone.module, params, world.device)
    projectors = make_projectors(backbone.dim, samples.texts.shape[1], params.dim, seed=params.seed)
    model = nn.ModuleDict({"backbone": module, "projectors": projectors.to(world.device)})
    if params.temperature_learnable:
        model["temperature"] = LearnedTemperature(params.temperature).to(world.device)
    reached = "weak" in active_partitions(params.epochs - 1, params.epochs, params.usage, sizes=sizes)
    weak = rows["weak"] if reached and world.first else rows["weak"][:0]
    with world.first_before_the_others():
        pixels = view_source(
            images, params.seed, crop=params.random_resized_crop, flip=params.horizontal_flip
        )
    return Pacl(
        model=model,
        params=params,
        samples=samples,
        rows=rows,
        held=held,
        left_out=chosen.left_out,
        shown=example_batch(weak, params.batch_size, params.seed),
        features=backbone_features(module, backbone.dim, params, world=world, pieces=params.accumulate),
        views=batch_loader(images.preprocess, pixels, world.device),
        plain=batch_loader(images.preprocess, decoded_source(images), world.device),
        stored=inputs.images,
        work=images.work,
        world=world,
    )


def _lone(used: Sequence[str], sizes: Mapping[str, int], params: TrainParams) -> list[str]:
    """Partitions whose pairs never meet another one, by the batch size or as there is but one."""
    together = sum(sizes[name] for name in used)
    met = {name: together if params.batching == "mixed" else sizes[name] for name in used}
    return [name for name in used if sizes[name] and min(met[name], params.batch_size) == 1]
