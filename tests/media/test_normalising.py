"""Which items share a decoding."""

import io

from PIL import Image

from pacl_core.media.images import Box, Picture, with_pictures


def test_items_share_a_decoding_where_bytes_and_box_are_the_same() -> None:
    stream = io.BytesIO()
    Image.linear_gradient("L").save(stream, "PNG")
    png = stream.getvalue()
    top, low = (0, 0, 256, 128), (0, 128, 256, 256)
    boxes: list[Box | None] = [None, None, top, top, low, None]
    found = with_pictures(range(6), lambda _: png, 32, workers=2, box=lambda item: boxes[item])
    pictures = [picture for _, picture in found]
    assert all(isinstance(picture, Picture) for picture in pictures)
    assert pictures[0] is pictures[1] and pictures[2] is pictures[3]
    hashes = [picture.pixel_hash for picture in pictures if isinstance(picture, Picture)]
    assert len(set(hashes)) == 3 and hashes[0] == hashes[5]
