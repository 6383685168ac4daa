import torch

from pacl_core.methods.feng.pretext.tasks import colorization, enlarged, jigsaw, orders, super_resolution
from pacl_core.methods.feng.pretext.tiles import cut, joined, put_back

CROPS = torch.randint(0, 256, (3, 3, 24, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_colorization_sees_no_colour() -> None:
    inputs, targets = colorization(CROPS)
    assert inputs.shape == (3, 3, 24, 24) and targets.shape == (3, 2, 24, 24)
    assert torch.equal(inputs[:, 0], inputs[:, 2])
    assert inputs.min() >= -1 and inputs.max() <= 1


def test_super_resolution_of_a_constant_picture_can_be_solved() -> None:
    constant = torch.tensor([12, 100, 250], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 32, 32)
    shrunk, target = super_resolution(constant, 8)
    assert shrunk.shape == (2, 3, 8, 8) and target.shape == (2, 3, 32, 32)
    torch.testing.assert_close(enlarged(shrunk, 32), target, rtol=0, atol=1e-6)


def test_a_jigsaw_is_solved_by_the_order_of_its_class() -> None:
    classes = torch.tensor([0, 517, 1007])
    tiles = jigsaw(CROPS, classes, side=24)
    assert tiles.shape == (3, 9, 3, 8, 8)
    assert torch.equal(joined(put_back(tiles, orders("cpu")[classes])), CROPS.float())


def test_a_jigsaw_of_another_side_is_resized_first() -> None:
    assert jigsaw(CROPS, torch.tensor([0, 1, 2]), side=12).shape == (3, 9, 3, 4, 4)


def test_gaps_lie_around_the_middle_unless_corners_are_given() -> None:
    classes = torch.tensor([3, 3, 3])
    middle = torch.full((3, 9, 2), 1)
    given = jigsaw(CROPS, classes, side=24, gap=2, corners=middle)
    assert torch.equal(jigsaw(CROPS, classes, side=24, gap=2), given)
    assert not torch.equal(given, cut(CROPS.float())[:, orders("cpu")[3]])
