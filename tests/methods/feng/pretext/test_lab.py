import pytest
import torch

from pacl_core.methods.feng.pretext.lab import ab_target, colours, lab, lightness_input, rgb_of
from tests.methods.feng.published_values import published

ROWS = published("color")["rows"]
BYTES = torch.tensor([row["rgb"] for row in ROWS], dtype=torch.uint8)[:, :, None, None]


def of_fixture(key: str) -> torch.Tensor:
    values = [row[key] if isinstance(row[key], list) else [row[key]] for row in ROWS]
    return torch.tensor(values, dtype=torch.float64)[:, :, None, None]


def test_the_colours_of_the_fixture_in_float64() -> None:
    """The fixture has eight digits."""
    found = lab(BYTES.double() / 255)
    torch.testing.assert_close(found, of_fixture("lab"), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(lightness_input(found)[:, :1], of_fixture("input"), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(ab_target(found), of_fixture("target"), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("images", [BYTES, BYTES.float() / 255], ids=["bytes", "floats"])
def test_the_colours_of_the_fixture_in_float32(images: torch.Tensor) -> None:
    found = lab(images)
    assert found.dtype == torch.float32
    for given, key in ((lightness_input(found)[:, :1], "input"), (ab_target(found), "target")):
        torch.testing.assert_close(given.double(), of_fixture(key), rtol=0, atol=1e-6)


def test_grey_has_no_colour() -> None:
    grey = torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 1, 1)
    torch.testing.assert_close(ab_target(lab(grey)), torch.full((256, 2, 1, 1), 127 / 255), rtol=0, atol=3e-5)


def test_targets_of_srgb_are_within_their_bounds() -> None:
    steps = torch.linspace(0, 1, 18)
    cube = torch.cartesian_prod(steps, steps, steps)[:, :, None, None]
    targets = ab_target(lab(cube))
    assert targets.min() >= 0.07 and targets.max() <= 0.89


def test_there_and_back_is_the_image() -> None:
    image = torch.rand(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = lab(image)
    torch.testing.assert_close(rgb_of(found), image, rtol=0, atol=1e-7)
    torch.testing.assert_close(colours(lightness_input(found), ab_target(found)), image, rtol=0, atol=1e-7)
