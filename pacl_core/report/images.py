"""Thumbnails: small JPEGs inside the page."""

import base64
import io
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

Thumbnail = Callable[[bytes, int], str]


def thumbnails(scale: float) -> Thumbnail:
    """(JPEG, pixels of the long side) -> data URI. `scale` shrinks all thumbnails of a page."""

    @lru_cache(maxsize=4096)  # a pair may appear in several sections
    def thumbnail(jpeg: bytes, side: int) -> str:
        size = max(16, round(scale * side))
        with Image.open(io.BytesIO(jpeg)) as image:
            image.draft("RGB", (size, size))
            image.thumbnail((size, size))
            stream = io.BytesIO()
            image.convert("RGB").save(stream, "JPEG", quality=80, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()

    return thumbnail
