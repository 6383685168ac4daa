"""What a reader of a downstream data set yields."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacl_core.media.images import Box


@dataclass(frozen=True)
class Item:
    """One item: undecoded image bytes and the published values by name, labels as text.

    `split` is the official one in {train, val, test}, None where there is none. `image_name` names the image
    where several items share one (default: the item itself). `box`: the part of the image that is meant,
    left, top, right, bottom in its own pixels.
    """

    item_id: str
    image: bytes
    values: Mapping[str, str | float | None]
    split: str | None = None
    image_name: str | None = None
    box: Box | None = None
