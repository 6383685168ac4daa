"""The six pretext tasks in training: images, views of them, losses, held-out figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from pacl_core.methods.feng.stored import PretextSet
from pacl_core.methods.feng.views import Pixels, Place
from pacl_core.models.preprocess import Preprocess
from pacl_core.training.method import RowIds

Arrays = Sequence[NDArray[np.int64]]
Sums = Mapping[str, Tensor]


@dataclass(frozen=True)
class Network:
    """The backbone as tasks use it. `channels`: of its stage maps. Sides of its inputs: multiples of `patch`.

    `stages`: normalised `[B, 3, H, W]` to four maps; `features`: to `[B, dim]`.
    """

    stages: Callable[[Tensor], Sequence[Tensor]]
    features: Callable[[Tensor], Tensor]
    preprocess: Preprocess
    channels: tuple[int, ...]
    dim: int
    patch: int


class Seen(NamedTuple):
    """A task's part of a step on the device, of this rank. `targets` of the task: `[b, ...]` each.

    `images`, `terms`: how many images, and how many of what the loss is a mean over, all ranks have.
    """

    pixels: Tensor
    targets: Sequence[Tensor]
    images: int
    terms: int


class PretextTask(Protocol):
    """`rows` of `images` are learnt from, `held` are kept out; `head` is the task's part of the model."""

    @property
    def name(self) -> str: ...

    @property
    def images(self) -> PretextSet: ...

    @property
    def rows(self) -> RowIds: ...

    @property
    def held(self) -> RowIds: ...

    @property
    def head(self) -> nn.Module: ...

    def view(self, image: Image.Image, place: Place) -> Pixels:
        """What the task sees of an image."""

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        """Of rows of `images`; a function of row and `seed`, which is None in evaluation."""

    def terms(self, rows: RowIds) -> int:
        """How many of what the loss is a mean over: images, or words."""

    def loss(self, network: Network, seen: Seen) -> Tensor:
        """This rank's summand of the loss, a scalar with its graph."""

    def sums(self, network: Network, seen: Seen) -> Sums:
        """What `held_out` takes, to be added up over batches; each a scalar or a vector."""

    def held_out(self, sums: Sums) -> dict[str, float]:
        """Figures of what is held out, next to those of a constant predictor."""

    def card(self) -> dict[str, object]:
        """A JSON value: what the head's outputs mean, and what makes it again."""
