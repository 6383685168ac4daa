"""Clips to learn from, in memory or behind a reader, and the frames of them that a model sees."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.models.preprocess import Preprocess
from pacl_core.models.subject.coverage import Boxes, Size, View, coverage, in_view
from pacl_core.training.method import RowIds

# of the published run: a short side of 256 pixels, of which a square of 224 is seen
_LARGER = 256 / 224
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_OWN_STREAM = 0xC119  # batches are drawn from (seed, epoch): a stream that is none of theirs


class Frames(NamedTuple):
    """A clip's stored frames in order: encoded images, and the subject's boxes in the pixels of each."""

    images: Sequence[bytes]
    boxes: Sequence[Boxes]


@dataclass(frozen=True)
class Clips:
    """N clips by row. `frames` reads those of a row, at least one, and is called from several threads.

    `sentiment` [N, K] float32: logits of the texts' sentiment, a row of NaN where there is none.
    """

    sample_ids: Sequence[str]
    texts: Sequence[str]
    sentiment: NDArray[np.float32]
    frames: Callable[[int], Frames]


class Seen(NamedTuple):
    """What a model sees of a clip: `pixels` [T, 3, S, S] uint8, `coverage` [T, P] float32."""

    pixels: NDArray[np.uint8]
    coverage: NDArray[np.float32]


@dataclass(frozen=True)
class ClipViews:
    """Views of T = `count` frames of a clip for a model of these `preprocess` and `patch`.

    `crop`: one place for all frames of a clip, or one per frame (as published).
    """

    clips: Clips
    preprocess: Preprocess
    patch: int
    count: int
    crop: str = "clip"

    def random(self, row: int, seed: tuple[int, ...]) -> Seen:
        """Frames at random without repetition, in order, each cropped at random; a function of `seed`."""
        generator = np.random.default_rng((*seed, row, _OWN_STREAM))
        frames = self.clips.frames(row)
        stored = len(frames.images)
        if stored > self.count:
            chosen = np.sort(generator.choice(stored, self.count, replace=False)).tolist()
        else:
            chosen = evenly(stored, self.count)
        places = generator.random((self.count, 2))
        if self.crop == "clip":
            places[:] = places[0]
        return self._seen(frames, chosen, places.tolist())

    def plain(self, row: int) -> Seen:
        """Frames evenly over the clip, in the view that the model itself takes of an image."""
        frames = self.clips.frames(row)
        return self._seen(frames, evenly(len(frames.images), self.count), None)

    def _seen(self, frames: Frames, chosen: list[int], places: list[list[float]] | None) -> Seen:
        found = []
        for number, frame in enumerate(chosen):
            with Image.open(io.BytesIO(frames.images[frame])) as opened:
                image = opened.convert("RGB")
            view = view_of(image.size, self.preprocess, None if places is None else places[number])
            boxes = in_view(frames.boxes[frame], image.size, view)
            found.append((self._pixels(image, view), coverage(boxes, view.side, self.patch)))
        pixels, shares = zip(*found, strict=True)
        return Seen(np.stack(pixels), np.stack(shares))

    def _pixels(self, image: Image.Image, view: View) -> NDArray[np.uint8]:
        if image.size != (view.width, view.height):
            image = image.resize((view.width, view.height), _FILTERS[self.preprocess.interpolation])
        corner = (view.left, view.top, view.left + view.side, view.top + view.side)
        return np.ascontiguousarray(np.asarray(image.crop(corner)).transpose(2, 0, 1))


def evenly(stored: int, count: int) -> list[int]:
    """Places of `count` frames evenly over `stored` ones; frames repeat where there are fewer."""
    return [round(place) for place in np.linspace(0, stored - 1, count).tolist()]


def view_of(size: Size, preprocess: Preprocess, place: Sequence[float] | None) -> View:
    """A view of an image: a square at `place` (two numbers in [0, 1)) of it, somewhat larger than the square.

    `place` None: the model's own resize, and the middle.
    """
    side = preprocess.size
    short = preprocess.resize if place is None else max(side, round(side * _LARGER))
    if preprocess.mode == "squash":
        width = height = short
    else:
        wide, high = size
        # the long side is cut off, not rounded, as in `Preprocess`
        width, height = (
            (short, int(short * high / wide)) if wide <= high else (int(short * wide / high), short)
        )
    if place is None:
        return View(width, height, round((width - side) / 2), round((height - side) / 2), side)
    left, top = (int(part * (room - side + 1)) for part, room in zip(place, (width, height), strict=True))
    return View(width, height, left, top, side)


def drawn(rows: RowIds, batch_size: int, seed: tuple[int, int]) -> list[RowIds]:
    """The rows of every step of an epoch: shuffled, and what is no whole batch is left out.

    Fewer rows than a batch are one batch.
    """
    order = np.random.default_rng(seed).permutation(rows)
    whole = max(1, len(order) // batch_size)
    return [order[start : start + batch_size] for start in range(0, whole * batch_size, batch_size)]
