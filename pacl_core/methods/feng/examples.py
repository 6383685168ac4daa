"""What a specialist makes of a few images that are held out, as images and words to look at."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pacl_core.files.json_csv import write_json
from pacl_core.methods.feng.method import Specialist
from pacl_core.methods.feng.pretext.lab import colours
from pacl_core.methods.feng.pretext.tasks import colorization, orders
from pacl_core.methods.feng.pretext.tiles import joined, put_back
from pacl_core.methods.feng.tasks import Seen
from pacl_core.methods.feng.tasks.caption import Captioning
from pacl_core.methods.feng.tasks.classes import Labelled, Puzzle
from pacl_core.methods.feng.tasks.dense import Colorization, Enlarging

COUNT = 4
_MOST_LIKELY = 3
Shown = list[dict[str, Any]]
"""Per image: names of its image files by what they show, and what was said of it."""


@torch.no_grad()
def write_examples(folder: Path, method: Specialist, count: int = COUNT) -> None:
    """`examples.json` and `<task>-<number>-<what>.png` of the first images that are held out, in `folder`.

    By task, per image: `sample_id`, `files` by what they show, and `true` and `said` where that is words.
    """
    method.model.eval()
    with ThreadPoolExecutor(1) as pool:  # that of the training is closed
        opened = replace(method, pool=pool)
        said = {name: _written(folder, opened, name, count=count) for name in method.tasks}
    write_json(folder / "examples.json", said)


def _written(folder: Path, method: Specialist, name: str, *, count: int) -> Shown:
    task, shown = method.tasks[name], Shown()
    for seen in method.held(name, count):
        rows = task.held[len(shown) : len(shown) + len(seen.pixels)]
        found = _WRITERS[type(task)](method, name, seen)
        for row, (images, words) in zip(rows.tolist(), found, strict=True):
            files = {what: f"{name}-{len(shown)}-{what}.png" for what in images}
            for what, image in images.items():
                _save(image, folder / files[what])
            shown.append({"sample_id": task.images.sample_ids[row], "files": files, **words})
    return shown


Found = list[tuple[Mapping[str, Tensor], Mapping[str, Any]]]


def _colours(method: Specialist, name: str, seen: Seen) -> Found:
    task = method.tasks[name]
    assert isinstance(task, Colorization)
    inputs, _ = colorization(seen.pixels)
    predicted = colours(inputs.float(), task.predicted(method.network, seen))
    grey = (inputs * 50 + 50) / 100
    return [
        ({"grey": one, "predicted": two, "true": three}, {})
        for one, two, three in zip(grey, predicted, seen.pixels / 255, strict=True)
    ]


def _enlarged(method: Specialist, name: str, seen: Seen) -> Found:
    task = method.tasks[name]
    assert isinstance(task, Enlarging)
    every = zip(*task.predicted(method.network, seen), strict=True)
    return [({"predicted": one, "bicubic": two, "true": three}, {}) for one, two, three in every]


def _solved(method: Specialist, name: str, seen: Seen) -> Found:
    """The tiles as they were seen, put back by the order that was found, and by the true one."""
    task = method.tasks[name]
    assert isinstance(task, Puzzle)
    tiles = task.tiles(seen) / 255
    every = orders(str(tiles.device))
    found = task.logits(method.network, seen).argmax(dim=1)
    solved, true = (joined(put_back(tiles, every[one])) for one in (found, seen.targets[0]))
    return [
        ({"seen": one, "predicted": two, "true": three}, {"solved": right})
        for one, two, three, right in zip(
            joined(tiles), solved, true, (found == seen.targets[0]).tolist(), strict=True
        )
    ]


def _classes(method: Specialist, name: str, seen: Seen) -> Found:
    task = method.tasks[name]
    assert isinstance(task, Labelled)
    names = task.labels.classes
    shares, places = task.logits(method.network, seen).softmax(dim=1).sort(dim=1, descending=True)
    return [
        (
            {"image": image},
            {
                "true": names[target],
                "said": [
                    {"class": names[place], "probability": round(share, 4)}
                    for share, place in list(zip(one, those, strict=True))[:_MOST_LIKELY]
                ],
            },
        )
        for image, target, one, those in zip(
            seen.pixels / 255, seen.targets[0].tolist(), shares.tolist(), places.tolist(), strict=True
        )
    ]


def _captions(method: Specialist, name: str, seen: Seen) -> Found:
    task = method.tasks[name]
    assert isinstance(task, Captioning)
    true = [task.vocabulary.text(tokens) for tokens in seen.targets[0].tolist()]
    said = task.predicted(method.network, seen)
    return [
        ({"image": image}, {"true": wanted, "said": found})
        for image, wanted, found in zip(seen.pixels / 255, true, said, strict=True)
    ]


_WRITERS: Mapping[type, Callable[[Specialist, str, Seen], Found]] = {
    Colorization: _colours,
    Enlarging: _enlarged,
    Puzzle: _solved,
    Labelled: _classes,
    Captioning: _captions,
}


def _save(image: Tensor, path: Path) -> None:
    pixels = (image.float().clamp(0, 1) * 255).round().to("cpu", torch.uint8)
    Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())).save(path)
