"""Is a model that is told of a person better where the marked one of two decides the text?

From the project's root:

    python -m scripts.two_persons /tmp/two_persons

Two persons of OpenMoji walk over a scene (`--recipe`), and the text names the one in the box. A small CLIP of
random weights is trained for each kind of subject by the same seed, on the same clips, and asked about clips
that were held out: which of the persons' names is nearest to the clip, and is the marked person's nearer than
the other's?
One who is not told of the box can see who is there, and can only guess which one is meant: 1 in 2. Retrieval
among all held-out texts would say little, as many of them are equal.
Rows that are in the folder are not trained again.
"""

import argparse
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pacl_core.corpus.clips.players import Troupe, people
from pacl_core.corpus.clips.rendered_recipe import RenderedRecipe, load_rendered_recipe
from pacl_core.corpus.clips.rendering import DrawnFrames, RenderedClip, arrange
from pacl_core.corpus.openmoji.glyphs import read_glyphs
from pacl_core.corpus.scenes.cast import is_thing
from pacl_core.evaluation.attention import mean_resampled
from pacl_core.evaluation.metrics.intervals import interval
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.media.video import Frame
from pacl_core.methods.emotionclip.clips import Clips, ClipViews, Frames
from pacl_core.methods.emotionclip.method import split
from pacl_core.methods.emotionclip.run import train_emotionclip
from pacl_core.methods.untrained import UNTRAINED, write_untrained
from pacl_core.models.frozen import model_input, on_device
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.subject.coverage import as_boxes
from pacl_core.models.subject.encoder import mass_on_subject
from pacl_core.models.video_text import VideoText
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.training.loop import Run

KINDS = ("none", "sap", "saam")
MODEL = UNTRAINED["tiny-vit"] | {  # 16 tokens are enough for a sentence here, and take a fifth of the time
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2}
}
STORED = 8  # frames of a clip, of which a step sees one
_DRAWN = (170, 128)  # of which the model sees 112 x 112 without resizing
_RATE = 2e-3


@dataclass(frozen=True)
class Task:
    """Clips to learn from; `names` of all persons, and by clip those of the marked one and of the other."""

    clips: Clips
    names: tuple[str, ...]
    marked: NDArray[np.int64]
    other: NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """By held-out clip: whether the marked person's name is nearest of all, and nearer than the other's.

    `above_share`: what the subject token has on the person in the last layer above the person's share of the
    patches; empty without such a token.
    """

    nearest: NDArray[np.bool_]
    over_other: NDArray[np.bool_]
    above_share: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", type=Path, default=Path("data/corpora/clips_two_persons.yaml"))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--persons", type=int, default=4, help="who play, of 81")
    parser.add_argument("--clips", type=int, default=1400)
    parser.add_argument("--held", type=int, default=200, help="of the clips, to ask about")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(given.workers)
    given.folder.mkdir(parents=True, exist_ok=True)
    task = None
    for kind in given.kinds:
        row = given.folder / f"{kind}.json"
        if not row.exists():
            task = task or make_task(load_rendered_recipe(given.recipe), given.persons, given.clips)
            params = training(kind, epochs=given.epochs, held=given.held, seed=given.seed)
            model = trained(task, params, given.folder / f"work-{kind}", workers=given.workers)
            answers = asked(model, task, params)
            write_json(row, {name: found.tolist() for name, found in vars(answers).items()})
    print(table({kind: read_json(given.folder / f"{kind}.json") for kind in given.kinds}, given.persons))


def make_task(recipe: RenderedRecipe, persons: int, count: int) -> Task:
    """Clips of a recipe of two persons, in memory; those who play are evenly of all."""
    recipe = recipe.model_copy(update={"size": _DRAWN})
    glyphs = read_glyphs()
    everyone = people(glyphs)
    cast = tuple(everyone[place] for place in np.linspace(0, len(everyone) - 1, persons).round().astype(int))
    troupe = Troupe(cast, tuple(glyph for glyph in glyphs if is_thing(glyph)))
    arranged = [arrange(number, troupe, recipe) for number in range(count)]
    drawn = [_drawn(clip, recipe) for clip in arranged]
    names = tuple(one.names[0] for one in cast)
    who = np.array([[names.index(walk.glyph.names[0]) for walk in one.walks] for one in arranged])
    return Task(
        Clips(
            sample_ids=[str(number) for number in range(count)],
            texts=[one.text for one in arranged],
            sentiment=np.full((count, 2), np.nan, np.float32),  # names of persons have none that matters
            frames=drawn.__getitem__,
        ),
        names,
        marked=who[:, 1],
        other=who[:, 0],
    )


def _drawn(clip: RenderedClip, recipe: RenderedRecipe) -> Frames:
    times = np.linspace(0, clip.seconds, STORED, endpoint=False).tolist()
    source = DrawnFrames(clip, recipe.size, _DRAWN[1])
    images, boxes = [], []
    for time, frame in zip(times, source.at(times), strict=True):
        assert isinstance(frame, Frame)
        stream = io.BytesIO()
        Image.fromarray(frame.pixels).save(stream, "JPEG", quality=90)
        images.append(stream.getvalue())
        boxes.append(as_boxes(source.boxes_at(time) or []))
    return Frames(images, boxes)


def training(kind: str, *, epochs: int, held: int, seed: int) -> TrainClipsParams:
    """One frame a step: which person is meant is seen in each."""
    return TrainClipsParams.model_validate(
        {
            "frames": 1,
            "subject": {"kind": kind},
            "temporal": {"kind": "mean"},
            "loss": {"beta": 0},
            "epochs": epochs,
            "batch_size": 50,
            "lr": {"gains": _RATE, "weights": _RATE, "head": _RATE},
            "warmup_steps": 50,
            "holdout": held,
            "seed": seed,
        }
    )


def trained(task: Task, params: TrainClipsParams, work: Path, *, workers: int) -> VideoText:
    """A model; a killed training resumes from `work`."""
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        write_untrained(Path(folder), MODEL, seed=0)
        clip = load_clip("tiny-vit of short texts", folder, None)
    run = Run(work, section="two_persons", label=f"{params.subject.kind} ")
    return train_emotionclip(clip, task.clips, params, run=run, workers=workers).model


@torch.no_grad()
def asked(model: VideoText, task: Task, params: TrainClipsParams) -> Answers:
    """What the model says of held-out clips: each with its own text, and that with every other name in it."""
    _, held = split(len(task.clips.texts), params.holdout, seed=params.seed)
    views = ClipViews(task.clips, model.clip.preprocess, model.patch, params.frames)
    nearest, over_other, above_share = [], [], []
    for part in (model.clip.network, model.subject, model.temporal):
        part.eval()
    for row in held.tolist():
        seen, own, other = views.plain(row), task.marked[row], task.other[row]
        frames, shares = (
            model_input(seen.pixels, model.clip.preprocess, "cpu"),
            on_device(seen.coverage, "cpu"),
        )
        video = model.clip_features(frames[None], shares[None])
        texts = [with_name(task.clips.texts[row], task.names[own], name) for name in task.names]
        similarity = (model.text_features(model.tokens(texts)) @ video[0]).numpy()
        nearest.append(int(similarity.argmax()) == own)
        over_other.append(bool(similarity[own] > similarity[other]))
        if params.subject.kind != "none":
            attention = model.subject.attention(model.clip.network.visual, frames, shares)
            above = mass_on_subject(attention, shares)[-1] - (shares > 0).float().mean(dim=1)
            above_share.append(above.mean().item())
    return Answers(np.array(nearest), np.array(over_other), np.array(above_share))


def with_name(text: str, name: str, other: str) -> str:
    """A sentence of the recipe with another person's name in it: "look, a boy!" -> "look, an astronaut!"."""
    before, _, after = text.partition(name)
    words = before.split(" ")
    if words[-2:-1] in (["a"], ["an"]):
        words[-2] = "an" if other[0] in "aeiou" else "a"
    return " ".join(words) + other + after


def table(rows: dict[str, dict[str, Any]], persons: int) -> str:
    """Shares of held-out clips with 95 % intervals over them; differences from the first row are paired."""
    first, *others = rows
    lines = [
        f"| subject | nearest of {persons} names | marked over the other | minus {first} "
        "| attention above share |",
        "|---|---|---|---|---|",
    ]
    control = np.array(rows[first]["over_other"], np.float64)
    for kind, row in rows.items():
        nearest, over_other, above = (
            np.array(row[name], np.float64) for name in ("nearest", "over_other", "above_share")
        )
        cells = [kind, _with_interval(nearest), _with_interval(over_other)]
        cells.append(_with_interval(over_other - control, "+") if kind in others else "")
        cells.append(_with_interval(above, "+") if len(above) else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_interval(values: NDArray[np.float64], sign: str = "") -> str:
    ends = interval(mean_resampled(values, count=2000))
    said = f"{values.mean():{sign}.3f}"
    return said if ends is None else f"{said} [{ends[0]:{sign}.3f}, {ends[1]:{sign}.3f}]"


if __name__ == "__main__":
    main()
