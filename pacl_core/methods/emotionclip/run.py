"""One training run of EmotionCLIP: from a CLIP and clips to a model of clips, its curves and its card."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from pacl_core.methods.emotionclip.clips import Clips
from pacl_core.methods.emotionclip.method import make_emotionclip
from pacl_core.models.open_clip_model import ClipModel
from pacl_core.models.video_text import VideoText
from pacl_core.params.emotionclip import TrainClipsParams
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loop import Run, train

log = logging.getLogger("pacl")

CODE = (
    "media",
    "methods/emotionclip",
    "models",
    "params/video_text.py",
    "runtime/threads.py",
    "training",
)
"""What decides a run's result, for the key of its scratch folder."""

_MANY = 0.5  # share of pairs that hardly repel


@dataclass(frozen=True)
class Trained:
    """`model`: ready to be saved. `history`: metrics per epoch. `card`: a JSON value for the model card."""

    model: VideoText
    history: History
    card: dict[str, object]


def train_emotionclip(
    clip: ClipModel, clips: Clips, params: TrainClipsParams, *, run: Run, workers: int, world: World = ALONE
) -> Trained:
    """Train `clip.network` in place with a subject and a temporal head (paper 3.4).

    Resumes from `run.work` after a kill, as `training.loop.train`; `workers` threads decode. Raises
    `UserError` where there is nothing to train, or where a loss or gradient is not finite.
    """
    with ThreadPoolExecutor(workers) as pool:
        method = make_emotionclip(clip, clips, params, pool=pool, world=world)
        steps = sum(len(method.batches(epoch)) for epoch in range(params.epochs))
        log.info("%d steps of at most %d clips of %d frames", steps, params.batch_size, params.frames)
        history = train(method, params, run, world=world)
    suppressed = history[-1].get("suppressed", 0.0)  # lacking where every step was skipped
    if world.first and suppressed >= _MANY:
        log.warning(
            "%.0f %% of all pairs hardly repel, as their sentiment is too alike; lower loss.beta",
            100 * suppressed,
        )
    card: dict[str, object] = {
        "params": params.model_dump(),
        "clips": len(method.rows),
        "held_out": len(method.held),
        "steps": steps,
        "frames_seen": steps * min(params.batch_size, len(method.rows)) * params.frames,
        "scale": method.scale().item(),
        "torch": torch.__version__,
    }
    # it is evaluated with the mean and deviation that it was trained with
    clip = replace(method.whole.clip, preprocess=method.views.preprocess)
    return Trained(replace(method.whole, clip=clip), history, card)
