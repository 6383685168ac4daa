"""Clips as rows: the columns of pairs, and their frames."""

import pyarrow as pa

from pacl_core.corpus.clips.cutting import CutClip
from pacl_core.corpus.pair_parts import PAIRS_SCHEMA
from pacl_core.media.boxes import BOXES_TYPE, Box
from pacl_core.media.rejects import valid_name

CLIPS_SCHEMA = pa.schema(
    [
        *PAIRS_SCHEMA,
        pa.field("frames", pa.list_(pa.binary()), nullable=False),
        pa.field("times", pa.list_(pa.float32()), nullable=False),
        pa.field("video", pa.string(), nullable=False),
        pa.field("start", pa.float64(), nullable=False),
        pa.field("end", pa.float64(), nullable=False),
        pa.field("given_boxes", BOXES_TYPE),
    ]
)


def clip_rows(clips: list[CutClip], original_texts: list[str]) -> pa.Table:
    """Rows of `CLIPS_SCHEMA`; a clip is no near duplicate, and has no provenance and no extras."""
    nothing: list[None] = [None] * len(clips)
    images = [one.image for one in clips]
    return pa.table(
        {
            "sample_id": [one.clip.sample_id for one in clips],
            "text": [one.clip.text for one in clips],
            "image": [image.jpeg for image in images],
            "width": [image.width for image in images],
            "height": [image.height for image in images],
            "pixel_hash": [image.pixel_hash for image in images],
            "provenance": nothing,
            "perceptual_hash": [image.perceptual_hash for image in images],
            "original_text": [valid_name(text) for text in original_texts],
            "near_duplicate_of": nothing,
            "extras": nothing,
            "frames": [one.frames for one in clips],
            "times": [one.times for one in clips],
            "video": [one.clip.source.name for one in clips],
            "start": [one.clip.start for one in clips],
            "end": [one.clip.end for one in clips],
            "given_boxes": [_structs(one.boxes) for one in clips],
        },
        schema=CLIPS_SCHEMA,
    )


def _structs(frames: list[list[Box]] | None) -> list[list[dict[str, float]]] | None:
    return None if frames is None else [[box._asdict() for box in boxes] for boxes in frames]
