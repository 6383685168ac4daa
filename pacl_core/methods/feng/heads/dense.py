"""Heads that predict images: of colours, and of more pixels than the backbone has seen."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

# of the published networks, by the channels of the first stage map; 64 elsewhere
_WIDTHS: dict[tuple[int, ...], int] = {
    (64, 128, 256, 512): 64,
    (256, 512, 1024, 2048): 256,
    (128, 256, 512, 512): 128,
}


def width_of(channels: Sequence[int]) -> int:
    """c of `Up` for a backbone whose stage maps have these channels."""
    return _WIDTHS.get(tuple(channels), 64)


class Up(nn.Module):
    """Four stage maps, each to `width` channels and to the input's size: `[B, 4 width, H, W]`."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.width = width
        self.up = nn.ModuleList([nn.Conv2d(one, width, 1) for one in channels])

    def forward(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        return torch.cat(
            [
                interpolate(narrow(one), size, mode="bilinear", align_corners=False)
                for narrow, one in zip(self.up, maps, strict=True)
            ],
            dim=1,
        )


class Colours(nn.Module):
    """Stage maps to a and b in [0, 1], `[B, 2, H, W]`."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.up = Up(channels, width)
        self.conv = nn.Conv2d(len(channels) * width, 2, 3, padding=1)

    def forward(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        predicted: Tensor = self.conv(self.up(maps, size)).sigmoid()
        return predicted


class SuperResolution(nn.Module):
    """Stage maps to RGB in [0, 1], four times as wide and high as the input: `[B, 3, 4H, 4W]`."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.up = Up(channels, width)
        wide = len(channels) * width
        self.deconv = nn.Sequential(
            nn.ConvTranspose2d(wide, wide, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(wide, wide, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(inplace=True),
        )
        self.reconstruction = nn.Conv2d(wide, 3, 3, padding=1)

    def forward(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        predicted: Tensor = self.reconstruction(self.deconv(self.up(maps, size))).sigmoid()
        return predicted
