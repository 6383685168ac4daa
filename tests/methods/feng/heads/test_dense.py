import pytest
import torch
from torch import Tensor

from pacl_core.methods.feng.heads.dense import Colours, SuperResolution, Up, width_of
from tests.methods.feng.published_values import closed_form_weights, published, sine

SAID = published("heads")
CHANNELS = (64, 128, 256, 512)
MAPS = [sine((1, 2 ** (6 + n), 8 >> n, 8 >> n), 0.05, n + 1) for n in range(4)]


def check(found: Tensor, said: dict[str, float]) -> None:
    assert list(found.shape) == said["shape"]
    values = {
        "mean": found.mean(),
        "std": found.std(),
        "corner": found[0, 0, 0, 0],
        "middle": found.flatten()[found.numel() // 2],
        "last": found[0, -1, -1, -1],
    }
    for name, value in values.items():
        assert value.item() == pytest.approx(said[name], rel=1e-9, abs=1e-9), name


def up() -> Up:
    made = Up(CHANNELS, 64).double()
    closed_form_weights(made, names=SAID["state_names"]["up"])
    return made


@torch.no_grad()
def test_stage_maps_go_up_as_published() -> None:
    check(up()(MAPS, (32, 32)), SAID["up"])


@torch.no_grad()
def test_colours_as_published() -> None:
    head = Colours(CHANNELS, 64).double()
    closed_form_weights(head.conv, names=SAID["state_names"]["color"], scale=0.02)
    head.up = up()
    check(head(MAPS, (32, 32)), SAID["color"])


@torch.no_grad()
def test_super_resolution_as_published() -> None:
    head = SuperResolution(CHANNELS, 64).double()
    head.up = torch.nn.Identity()
    closed_form_weights(head, names=SAID["state_names"]["sr"], scale=0.02)
    head.up = up()
    check(head(MAPS, (32, 32)), SAID["sr"])


def test_the_width_is_the_published_one_or_64() -> None:
    assert width_of((64, 128, 256, 512)) == 64
    assert width_of((256, 512, 1024, 2048)) == 256
    assert width_of((128, 256, 512, 512)) == 128
    assert width_of((768, 768, 768, 768)) == 64
