"""A model of clips over the clips or images of a data set: it is told which person is meant.

Boxes go through the resize and the crop of their frame. Where a table has no boxes, nobody is meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block, blocks_of
from pacl_core.encoding.encoded import Encoded, encoded
from pacl_core.encoding.engine import Engine
from pacl_core.encoding.images import stored_images
from pacl_core.encoding.task import Batch
from pacl_core.files.tables import column_names, row_count
from pacl_core.media.images import decode_jpeg
from pacl_core.media.video import spread
from pacl_core.models.frozen import model_input, on_device
from pacl_core.models.precision import full_float32
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.subject.coverage import View, as_boxes, coverage, in_view

if TYPE_CHECKING:
    from pacl_core.models.video_text import VideoText


class Told(NamedTuple):
    """What a model sees: `pixels` [N, 3, S, S] uint8 of all frames, `shares` [N, P] of their patches."""

    pixels: NDArray[np.uint8]
    shares: NDArray[np.float32]


@dataclass(frozen=True)
class TellingEncoder:
    """A model of clips for inference on a torch device. `frames`: T of a clip, those of its temporal head."""

    model: "VideoText"
    device: str
    frames: int

    def told(self, jpegs: Sequence[bytes], boxes: Sequence[Sequence[dict[str, float]]]) -> Told:
        """Frames as the model sees them, with the boxes of each in the stored pixels."""
        preprocess = self.model.clip.preprocess
        images = [decode_jpeg(jpeg) for jpeg in jpegs]
        shares = []
        for image, of_image in zip(images, boxes, strict=True):
            rows = as_boxes([[box[edge] for edge in ("left", "top", "right", "bottom")] for box in of_image])
            seen = in_view(rows, image.size, view_of(preprocess, image.size))
            shares.append(coverage(seen, preprocess.size, self.model.patch))
        return Told(np.stack([preprocess.pixels(image) for image in images]), np.stack(shares))

    def encode(self, told: Told, *, clips: bool) -> NDArray[np.float32]:
        """[B, E] of unit length: of B clips, whose frames follow each other, or of B images."""
        with torch.inference_mode():
            frames = model_input(told.pixels, self.model.clip.preprocess, self.device)
            shares = on_device(told.shares, self.device)
            if clips:
                of_clips = frames.reshape(-1, self.frames, *frames.shape[1:])
                found = self.model.clip_features(of_clips, shares.reshape(-1, self.frames, shares.shape[1]))
            else:
                found = self.model.image_features(frames, shares)
            vectors: NDArray[np.float32] = found.float().cpu().numpy()
        return vectors


def load_telling_encoder(folder: Path, device: str) -> TellingEncoder:
    """A saved model of clips. Raises `UserError` where a file is missing or changed."""
    from pacl_core.models.video_text import load_video_text  # loads open_clip, for seconds

    full_float32()
    model = load_video_text(folder)
    for part in (model.clip.network, model.subject, model.temporal):
        part.to(device).eval()
    return TellingEncoder(model, device, model.temporal.frames)


def view_of(preprocess: Preprocess, size: tuple[int, int]) -> View:
    """The part of an image of `size` that `Preprocess.pixels` shows to a model."""
    side = preprocess.resize
    if preprocess.mode == "squash":
        width = height = side
    else:
        wide, high = size
        width, height = (side, int(side * high / wide)) if wide <= high else (int(side * wide / high), side)
    left, top = round((width - preprocess.size) / 2), round((height - preprocess.size) / 2)
    return View(width, height, left, top, preprocess.size)


@dataclass(frozen=True)
class TellingTask:
    """An `EncodingTask` over `frames` or, where `stored` is None, `image`; and over `frame_boxes`, if there.

    `stored`: frames that a row has, of which a model takes its own number, evenly. `elsewhere`: another file
    of the same rows that has the boxes.
    """

    stored: int | None
    boxes: bool
    elsewhere: Path | None = None

    def batches(self, model: TellingEncoder, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        rows = stored_images(block, skip, "image" if self.stored is None else "frames")
        holds_boxes = block if self.elsewhere is None else replace(block, file=self.elsewhere)
        boxes = stored_images(holds_boxes, skip, "frame_boxes") if self.boxes else None
        place = skip
        count = size if self.stored is None else max(1, size // model.frames)
        while several := list(islice(rows, count)):
            given = list(islice(boxes, count)) if boxes is not None else [None] * len(several)
            yield Batch(np.arange(place, place + len(several)), list(zip(several, given, strict=True)))
            place += len(several)

    def prepare(self, model: TellingEncoder, inputs: Sequence[tuple[bytes | list[bytes], object]]) -> Told:
        jpegs: list[bytes] = []
        boxes: list[Sequence[dict[str, float]]] = []
        chosen = [0] if self.stored is None else spread(self.stored, model.frames)
        for row, given in inputs:
            frames = [row] if isinstance(row, bytes) else row
            of_frames = given if isinstance(given, list) else [[]] * len(frames)
            jpegs += [frames[place] for place in chosen]
            boxes += [of_frames[place] for place in chosen]
        return model.told(jpegs, boxes)

    def encode(self, model: TellingEncoder, prepared: Told) -> NDArray[np.float32]:
        return model.encode(prepared, clips=self.stored is not None)


def encode_told(engine: Engine, table: Path, folder: Path, *, boxes: Path | None = None) -> Encoded:
    """Encode a table's clips or images with their boxes, row by row; resumes a killed run.

    `boxes`: a file of the same rows whose `frame_boxes` count instead; the table is then one file too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = column_names(table)
    blocks = blocks_of(table, np.arange(row_count(table)))
    stored = len(next(stored_images(blocks[0], 0, "frames"))) if "frames" in names else None
    elsewhere = None if boxes is None else boxes.absolute()
    task = TellingTask(stored, boxes is not None or "frame_boxes" in names, elsewhere)
    engine.run(task, blocks, folder, what=folder.name)
    return encoded(folder, blocks, range(row_count(table)))
