"""Which items share a decoding."""

import io

from PIL import Image

from pacl_core.media.images import Box, NormalisedImage, with_images


def test_items_share_a_decoding_where_bytes_and_box_are_the_same() -> None:
    stream = io.BytesIO()
    Image.linear_gradient("L").save(stream, "PNG")
    png = stream.getvalue()
    top, low = (0, 0, 256, 128), (0, 128, 256, 256)
    boxes: list[Box | None] = [None, None, top, top, low, None]
    found = with_images(range(6), lambda _: png, 32, workers=2, box=lambda item: boxes[item])
    images = [image for _, image in found]
    assert all(isinstance(image, NormalisedImage) for image in images)
    assert images[0] is images[1] and images[2] is images[3]
    hashes = [image.pixel_hash for image in images if isinstance(image, NormalisedImage)]
    assert len(set(hashes)) == 3 and hashes[0] == hashes[5]
