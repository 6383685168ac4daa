"""Tasks whose target is a class: scenes, adjective-noun pairs, and the order of nine tiles."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cross_entropy

from pacl_core.methods.feng.heads.classes import Classes, Jigsaw
from pacl_core.methods.feng.pretext.tasks import jigsaw
from pacl_core.methods.feng.stored import Labels, PretextSet
from pacl_core.methods.feng.tasks import Arrays, Network, Seen, Sums
from pacl_core.methods.feng.views import Pixels, Place, crop
from pacl_core.models.preprocess import Preprocess
from pacl_core.training.method import RowIds

_ORDERS = 1008  # `permutations`
_OWN_STREAM = 0x0719  # views are drawn from (seed, epoch, row): a stream that is none of theirs


@dataclass(frozen=True)
class Labelled:
    """Scenes or ANPs: features of a crop to the class of the image."""

    name: str
    images: PretextSet
    rows: RowIds
    held: RowIds
    head: Classes
    preprocess: Preprocess
    labels: Labels

    def view(self, image: Image.Image, place: Place) -> Pixels:
        return crop(image, self.preprocess, place)

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        return (self.labels.targets[rows],)

    def terms(self, rows: RowIds) -> int:
        return len(rows)

    def loss(self, network: Network, seen: Seen) -> Tensor:
        return _entropy(self.logits(network, seen), seen)

    def sums(self, network: Network, seen: Seen) -> Sums:
        return _sums(self.logits(network, seen), seen)

    def held_out(self, sums: Sums) -> dict[str, float]:
        return _held_out(self.name, sums, len(self.labels.classes))

    def card(self) -> dict[str, object]:
        return {"classes": list(self.labels.classes)}

    def logits(self, network: Network, seen: Seen) -> Tensor:
        """`[b, classes]` float32."""
        inputs = self.preprocess.normalise(seen.pixels).contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.head(network.features(inputs)).float()
        return logits


@dataclass(frozen=True)
class Puzzle:
    """Jigsaw: features of nine tiles to the class of their order."""

    images: PretextSet
    rows: RowIds
    held: RowIds
    head: Jigsaw
    preprocess: Preprocess
    side: int
    gap: int
    name: str = "jigsaw"

    def view(self, image: Image.Image, place: Place) -> Pixels:
        return crop(image, self.preprocess, place)

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        """The class of each row's order, and the corners of its tiles: in the middle in evaluation."""
        drawn = [np.random.default_rng((*(seed or (0,)), row, _OWN_STREAM)) for row in rows.tolist()]
        classes = np.array([one.integers(_ORDERS) for one in drawn], np.int64)
        if seed is None:
            corners = np.full((len(rows), 9, 2), self.gap // 2, np.int64)
        else:
            corners = np.array([one.integers(self.gap + 1, size=(9, 2)) for one in drawn], np.int64)
        return classes, corners.reshape(len(rows), 9, 2)

    def terms(self, rows: RowIds) -> int:
        return len(rows)

    def loss(self, network: Network, seen: Seen) -> Tensor:
        return _entropy(self.logits(network, seen), seen)

    def sums(self, network: Network, seen: Seen) -> Sums:
        return _sums(self.logits(network, seen), seen)

    def held_out(self, sums: Sums) -> dict[str, float]:
        return _held_out(self.name, sums, _ORDERS)

    def card(self) -> dict[str, object]:
        return {"side": self.side, "gap": self.gap, "classes": _ORDERS}

    def tiles(self, seen: Seen) -> Tensor:
        """As the backbone sees them, before they are normalised: `[b, 9, 3, t, t]`, values in [0, 255]."""
        classes, corners = seen.targets
        return jigsaw(seen.pixels, classes, side=self.side, gap=self.gap, corners=corners)

    def logits(self, network: Network, seen: Seen) -> Tensor:
        """`[b, 1008]` float32."""
        tiles = self.preprocess.normalise(self.tiles(seen).flatten(0, 1))
        features = network.features(tiles.contiguous(memory_format=torch.channels_last))
        logits: Tensor = self.head(features.unflatten(0, (-1, 9))).float()  # type: ignore[no-untyped-call]
        return logits


def _entropy(logits: Tensor, seen: Seen) -> Tensor:
    return cross_entropy(logits, seen.targets[0], reduction="sum") / seen.terms


def _sums(logits: Tensor, seen: Seen) -> Sums:
    return {
        "images": torch.tensor(float(len(logits)), device=logits.device),
        "loss": cross_entropy(logits, seen.targets[0], reduction="sum"),
        "right": (logits.argmax(dim=1) == seen.targets[0]).sum(),
    }


def _held_out(name: str, sums: Sums, classes: int) -> dict[str, float]:
    return {
        f"{name}/held_out": (sums["loss"] / sums["images"]).item(),
        f"{name}/constant": math.log(classes),
        f"{name}/accuracy": (sums["right"] / sums["images"]).item(),
    }
