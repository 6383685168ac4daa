"""A few made clips: a coloured square moves over grey, in a box that is known; the text says how.

`python -m torch.distributed.run .. -m tests.methods.emotionclip.made <folder>` trains on several ranks.
"""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from pacl_core.methods.emotionclip.clips import Clips, Frames
from pacl_core.methods.emotionclip.method import EmotionClip, make_emotionclip
from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.models.subject.coverage import as_boxes
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import ALONE, World, world_of
from pacl_core.training.loop import Run, train
from tests.tiny_checkpoints import write_tiny_open_clip

COLOURS = ("red", "green", "blue", "yellow", "white", "black")
WAYS = {"right": (1, 0), "down": (0, 1)}
SMALL: dict[str, Any] = {
    "temporal": {"layers": 1, "heads": 2, "width": 32, "dropout": 0.0},
    "lr": {"gains": 3e-3, "weights": 3e-3, "head": 3e-3},
    "frames": 4,
    "batch_size": 6,
    "epochs": 3,
}


def frames_of(colour: str, way: tuple[int, int], stored: int = 6) -> Frames:
    images, boxes = [], []
    for t in range(stored):
        left, top = 4 + 5 * t * way[0], 4 + 5 * t * way[1]
        box = (left, top, left + 12, top + 12)
        image = Image.new("RGB", (48, 40), "grey")
        ImageDraw.Draw(image).rectangle(box, fill=colour)
        stream = io.BytesIO()
        image.save(stream, "PNG")
        images.append(stream.getvalue())
        boxes.append(as_boxes([box]))
    return Frames(images, boxes)


def made_clips() -> Clips:
    """Twelve clips; each colour has a sentiment of its own, and one clip has none."""
    kinds = [(colour, way) for colour in COLOURS for way in WAYS]
    sentiment = np.repeat(4 * np.eye(len(COLOURS), dtype=np.float32), len(WAYS), axis=0)
    sentiment[5] = np.nan
    return Clips(
        sample_ids=[f"{colour}/{way}" for colour, way in kinds],
        texts=[f"a {colour} square goes {way}" for colour, way in kinds],
        sentiment=sentiment,
        frames=lambda row: frames_of(kinds[row][0], WAYS[kinds[row][1]]),
    )


def tiny_clip(folder: Path) -> ClipModel:
    if not (folder / "open_clip_model.safetensors").exists():
        write_tiny_open_clip(folder)
    return load_clip("tiny-clip", str(folder), None)


def make(
    folder: Path, pool: ThreadPoolExecutor, clips: Clips | None = None, *, world: World = ALONE, **given: Any
) -> EmotionClip:
    params = TrainClipsParams(**{**SMALL, **given})
    return make_emotionclip(tiny_clip(folder), clips or made_clips(), params, pool=pool, world=world)


def run(folder: Path, work: Path, *, world: World = ALONE, minutes: float = 10, **given: Any) -> EmotionClip:
    """The trained method; its history is in `work`."""
    with ThreadPoolExecutor(2) as pool:
        method = make(folder, pool, world=world, **given)
        history: History = train(method, method.params, Run(work, minutes, "emotionclip.test"), world=world)
        if world.first:
            (work / "history.json").write_text(json.dumps(history))
        return method


def history_of(work: Path) -> History:
    found: History = json.loads((work / "history.json").read_text())
    return found


if __name__ == "__main__":
    place = Path(sys.argv[1])
    torch.set_num_threads(1)
    with world_of("cpu") as ranks:
        trained = run(place / "clip", place / "two", world=ranks)
        if ranks.first:
            state = {name: tensor.contiguous() for name, tensor in trained.model.state_dict().items()}
            save_file(state, place / "two.safetensors")
