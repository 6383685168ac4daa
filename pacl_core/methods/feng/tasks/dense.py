"""Colorization and super resolution: images as targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from pacl_core.methods.feng.heads.dense import Colours, SuperResolution
from pacl_core.methods.feng.heads.pieces import loss_in_pieces
from pacl_core.methods.feng.pretext.tasks import colorization, enlarged, super_resolution
from pacl_core.methods.feng.stored import PretextSet
from pacl_core.methods.feng.tasks import Arrays, Network, Seen, Sums
from pacl_core.methods.feng.views import Pixels, Place, crop, middle_square
from pacl_core.models.preprocess import Preprocess
from pacl_core.training.method import RowIds

# numbers in the widest activation of a piece: 256 MB of float32, one image of the published super resolution
PIECE = 2**26


@dataclass(frozen=True)
class Colorization:
    """Lightness to colours: the mean squared error of `(ab + 127) / 255`."""

    images: PretextSet
    rows: RowIds
    held: RowIds
    head: Colours
    preprocess: Preprocess
    name: str = "color"

    def view(self, image: Image.Image, place: Place) -> Pixels:
        return crop(image, self.preprocess, place)

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        return ()

    def terms(self, rows: RowIds) -> int:
        return len(rows)

    def loss(self, network: Network, seen: Seen) -> Tensor:
        inputs, targets = colorization(seen.pixels)
        maps = network.stages(inputs.contiguous(memory_format=torch.channels_last))
        return _loss(self.head, maps, targets, images=seen.images, low=inputs.shape[-1])

    def sums(self, network: Network, seen: Seen) -> Sums:
        _, targets = colorization(seen.pixels)
        return {"loss": self.loss(network, seen) * seen.images, **_moments(targets)}

    def held_out(self, sums: Sums) -> dict[str, float]:
        return _held_out(self.name, sums)

    def card(self) -> dict[str, object]:
        return {"width": self.head.up.width}

    @torch.no_grad()
    def predicted(self, network: Network, seen: Seen) -> Tensor:
        """Colours `[b, 2, S, S]` of the lightness of `seen`."""
        inputs, _ = colorization(seen.pixels)
        found: Tensor = self.head(network.stages(inputs), tuple(inputs.shape[-2:]))
        return found.float()


@dataclass(frozen=True)
class Enlarging:
    """Super resolution: a shrunk image to the image; the mean squared error of RGB in [0, 1]."""

    images: PretextSet
    rows: RowIds
    held: RowIds
    head: SuperResolution
    preprocess: Preprocess
    low: int
    name: str = "sr"

    def view(self, image: Image.Image, place: Place) -> Pixels:
        """The middle in every epoch: as published, it is neither cropped at random nor mirrored."""
        return middle_square(image, 4 * self.low, self.preprocess.interpolation)

    def targets(self, rows: RowIds, seed: tuple[int, ...] | None) -> Arrays:
        return ()

    def terms(self, rows: RowIds) -> int:
        return len(rows)

    def loss(self, network: Network, seen: Seen) -> Tensor:
        shrunk, targets = super_resolution(seen.pixels, self.low)
        maps = network.stages(self._inputs(shrunk))
        return _loss(self.head, maps, targets, images=seen.images, low=self.low)

    def sums(self, network: Network, seen: Seen) -> Sums:
        shrunk, targets = super_resolution(seen.pixels, self.low)
        wrong = (enlarged(shrunk, 4 * self.low) - targets).square().mean(dim=(1, 2, 3)).sum()
        return {"loss": self.loss(network, seen) * seen.images, "bicubic": wrong, **_moments(targets)}

    def held_out(self, sums: Sums) -> dict[str, float]:
        bicubic = sums["bicubic"] / sums["images"]
        return {**_held_out(self.name, sums), f"{self.name}/bicubic": bicubic.item()}

    def card(self) -> dict[str, object]:
        return {"width": self.head.up.width, "low": self.low, "high": 4 * self.low}

    @torch.no_grad()
    def predicted(self, network: Network, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
        """RGB in [0, 1] `[b, 3, high, high]`: predicted, by bicubic enlarging, and the true one."""
        shrunk, targets = super_resolution(seen.pixels, self.low)
        bicubic = enlarged(shrunk, 4 * self.low)  # first: inputs are normalised in place
        found: Tensor = self.head(network.stages(self._inputs(shrunk)), (self.low, self.low))
        return found.float(), bicubic, targets

    def _inputs(self, shrunk: Tensor) -> Tensor:
        inputs: Tensor = self.preprocess.normalise(shrunk).contiguous(memory_format=torch.channels_last)
        return inputs


def _loss(
    head: Colours | SuperResolution, maps: Sequence[Tensor], targets: Tensor, *, images: int, low: int
) -> Tensor:
    high = targets.shape[-1]
    width = head.up.width * len(maps)

    def loss(piece: Sequence[Tensor], wanted: Tensor) -> Tensor:
        predicted = head(piece, (low, low)).float()
        wrong: Tensor = (predicted - wanted).square().mean(dim=(1, 2, 3)).sum()
        return wrong / images

    size = max(1, PIECE // (width * high * high))
    return loss_in_pieces(loss, head, maps=maps, targets=targets, size=size)


def _moments(targets: Tensor) -> dict[str, Tensor]:
    """Sums over images, per channel: of values and of their squares."""
    values = targets.double()
    return {
        "images": torch.tensor(float(len(targets)), device=targets.device),
        "values": values.mean(dim=(2, 3)).sum(dim=0),
        "squares": values.square().mean(dim=(2, 3)).sum(dim=0),
    }


def _held_out(name: str, sums: Sums) -> dict[str, float]:
    """The constant is the mean colour of what is held out itself: no other constant is better."""
    count = sums["images"]
    variance = sums["squares"] / count - (sums["values"] / count).square()
    return {
        f"{name}/held_out": (sums["loss"] / count).item(),
        f"{name}/constant": variance.mean().item(),
    }
