"""Where a model's subject token looks: its attention to the patches of frames, layer by layer (paper 3.3).

A token without an eye for the subject has no more of its attention there than the subject has of the patches.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.files.tables import part_files, read_table, take_rows
from pacl_core.methods.emotionclip.clips import Clips, ClipViews, Frames, evenly, view_of
from pacl_core.methods.emotionclip.method import split
from pacl_core.models.frozen import model_input, on_device
from pacl_core.models.subject.coverage import as_boxes, in_view
from pacl_core.models.subject.encoder import blocks_of, mass_on_subject
from pacl_core.models.video_text import VideoText
from pacl_core.training.method import RowIds

CLIPS = 64  # enough for an interval, and of ViT-B/32 seconds on a GPU, a minute on a CPU
SHOWN = 6  # clips of which a frame is stored, for the report

MAPS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("layer", pa.int32(), nullable=False),
        pa.field("map", pa.list_(pa.float32()), nullable=False),
        pa.field("on_subject", pa.float32(), nullable=False),
        pa.field("share_of_patches", pa.float32(), nullable=False),
    ]
)
SHOWN_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("image", pa.binary(), nullable=False),
        pa.field("boxes", pa.list_(pa.list_(pa.float32())), nullable=False),
    ]
)


@dataclass(frozen=True)
class Chosen:
    """Rows of a corpus that are looked at, of which the first `held_out` were kept out of training."""

    rows: RowIds
    held_out: int


@dataclass(frozen=True)
class Maps:
    """`maps`: rows of `MAPS_SCHEMA`, layers counted from 1; `shown`: of `SHOWN_SCHEMA`.

    A map has the g x g patches row by row; `on_subject` is its sum over patches with any of the subject, and
    `share_of_patches` their number over all. An image is a frame as the model sees it, `boxes` are in its
    pixels.
    """

    maps: pa.Table
    shown: pa.Table


def chosen_clips(selection: Path, *, holdout: int, seed: int) -> Chosen:
    """The first `CLIPS` clips of a training: those that it held out, then others, by its own division."""
    kept = np.flatnonzero(read_table(selection, ["kept"])["kept"].to_numpy())
    trained, held = split(len(kept), holdout, seed=seed)
    return Chosen(kept[np.concatenate([held, trained])][:CLIPS], min(len(held), CLIPS))


def no_maps(model: VideoText) -> str | None:
    """Why a model has no maps; None where it has."""
    kind = model.params[0].kind
    if kind == "none":
        return "subject.kind: none has no subject token, so no attention of it"
    try:
        blocks_of(model.clip.network.visual, kind, look_inside=True)
    except UserError as error:
        return str(error)
    return None


def attention_maps(
    model: VideoText, clips: Path, persons: Path, *, rows: RowIds, box_score: float, device: str
) -> Maps:
    """Maps of all layers for frames evenly over each clip, as many as the model takes, in its own view.

    `model` is on `device`. `clips` has text and frames, `persons` boxes, a list per frame; those scored above
    `box_score` are the subject, as in training. Raises `UserError` where the tables are of different clips.
    """
    maps: list[pa.RecordBatch] = []
    shown: list[dict[str, Any]] = []
    for sample_id, text, frames in _stored(clips, persons, rows, box_score=box_score):
        # a clip with fewer frames is not looked at twice
        count = min(len(frames.images), model.temporal.frames)
        clip = _only(sample_id, text, frames)
        seen = ClipViews(clip, model.clip.preprocess, model.patch, count).plain(0)
        places = evenly(len(frames.images), count)
        attention, mass = _looked(model, seen.pixels, seen.coverage, device=device)
        shares = (seen.coverage > 0).mean(axis=1)
        layers = len(attention)
        maps.append(
            pa.record_batch(
                {
                    "sample_id": [sample_id] * (count * layers),
                    "frame": np.repeat(np.array(places, np.int32), layers),
                    "layer": np.tile(np.arange(1, layers + 1, dtype=np.int32), count),
                    "map": list(attention.transpose(1, 0, 2).reshape(count * layers, -1)),
                    "on_subject": mass.T.reshape(-1),
                    "share_of_patches": np.repeat(shares, layers).astype(np.float32),
                },
                schema=MAPS_SCHEMA,
            )
        )
        with_subject = np.flatnonzero(shares > 0)
        if len(with_subject) and len(shown) < SHOWN:
            place = int(with_subject[len(with_subject) // 2])
            own = {"sample_id": sample_id, "frame": places[place], "text": text}
            boxes = _boxes(model, frames, places[place])
            shown.append(own | {"image": _jpeg(seen.pixels[place]), "boxes": boxes})
    return Maps(pa.Table.from_batches(maps, MAPS_SCHEMA), pa.Table.from_pylist(shown, SHOWN_SCHEMA))


def empty_maps() -> Maps:
    """Of a model that has none."""
    return Maps(MAPS_SCHEMA.empty_table(), SHOWN_SCHEMA.empty_table())


def _stored(
    clips: Path, persons: Path, rows: RowIds, *, box_score: float
) -> Iterator[tuple[str, str, Frames]]:
    """Id, text, frames of each row; only their row groups are read."""
    wanted = rows.tolist()
    found = take_rows(part_files(clips), wanted, ["sample_id", "text", "frames"])
    boxes = take_rows(part_files(persons), wanted, ["sample_id", "boxes"])
    for row in wanted:
        clip, own = found.get(row), boxes.get(row)
        if (
            clip is None
            or own is None
            or clip["sample_id"] != own["sample_id"]
            or (len(clip["frames"]) != len(own["boxes"]))
        ):
            raise UserError(
                f"{clips}, {persons}: of different runs; run 'dvc repro' to rebuild what is stale"
            )
        of_frames = [
            as_boxes(
                [
                    [box[side] for side in ("left", "top", "right", "bottom")]
                    for box in frame or []
                    if box["score"] > box_score
                ]
            )
            for frame in own["boxes"]
        ]
        yield clip["sample_id"], clip["text"], Frames(clip["frames"], of_frames)


def _only(sample_id: str, text: str, frames: Frames) -> Clips:
    return Clips([sample_id], [text], np.empty((1, 0), np.float32), lambda _: frames)


@torch.no_grad()
def _looked(
    model: VideoText, pixels: NDArray[np.uint8], coverage: NDArray[np.float32], *, device: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Attention to patches [layers, T, P] and its mass on the subject [layers, T]."""
    images, shares = model_input(pixels, model.clip.preprocess, device), on_device(coverage, device)
    attention = model.subject.attention(model.clip.network.visual, images, shares)
    mass = mass_on_subject(attention, shares)
    return attention[..., 1:-1].float().cpu().numpy(), mass.float().cpu().numpy()


def _boxes(model: VideoText, frames: Frames, place: int) -> list[list[float]]:
    with Image.open(io.BytesIO(frames.images[place])) as opened:
        size = opened.size
    view = view_of(size, model.clip.preprocess, None)
    found: list[list[float]] = in_view(frames.boxes[place], size, view).tolist()
    return found


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0))).save(stream, "JPEG", quality=90)
    return stream.getvalue()
