import torch

from pacl_core.methods.feng.pretext.tiles import apart, cut, joined, permuted, put_back
from tests.methods.feng.published_values import published

PICTURES = torch.arange(2 * 3 * 12 * 12).view(2, 3, 12, 12)


def test_tiles_are_the_boxes_of_the_fixture() -> None:
    picture = torch.arange(192 * 192).view(1, 1, 192, 192)
    for tile, box in zip(cut(picture)[0], published("jigsaw")["correct_tile_boxes"], strict=True):
        left, top, right, bottom = box
        assert torch.equal(tile, picture[0, :, top:bottom, left:right])


def test_joined_tiles_are_the_picture() -> None:
    assert torch.equal(joined(cut(PICTURES)), PICTURES)


def test_tiles_put_back_by_their_order_are_the_picture() -> None:
    orders = torch.tensor([[3, 1, 4, 0, 5, 2, 6, 8, 7], [8, 7, 6, 5, 4, 3, 2, 1, 0]])
    shuffled = permuted(cut(PICTURES), orders)
    assert torch.equal(shuffled[0, 0], cut(PICTURES)[0, 3])
    assert torch.equal(joined(put_back(shuffled, orders)), PICTURES)


def test_a_gap_takes_a_part_of_each_tile_at_its_own_place() -> None:
    """On a ramp along the width a part begins where it was cut, and is stretched."""
    ramp = torch.arange(96.0).expand(1, 1, 96, 96)
    tiles = cut(ramp)
    corners = torch.zeros(1, 9, 2, dtype=torch.int64)
    corners[0, 4, 1] = 8
    parts = apart(tiles, 8, corners)
    assert parts.shape == tiles.shape
    middle = parts[0, 4, 0, 10]
    assert 32 + 8 <= middle[0] < 32 + 9 and 32 + 31 - 1 < middle[-1] <= 32 + 31
    assert parts[0, 3].max() <= 0 + 24


def test_without_a_gap_parts_are_the_tiles() -> None:
    tiles = cut(PICTURES.float())
    torch.testing.assert_close(apart(tiles, 0, torch.zeros(2, 9, 2, dtype=torch.int64)), tiles)
