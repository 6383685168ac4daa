"""EmotionCLIP as a method of the engine: clips in, the sentiment-guided loss of a batch out."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.emotionclip.clips import Clips, ClipViews, Seen, drawn
from pacl_core.methods.emotionclip.objective import sample_losses, sentiment_weights, suppressed_share
from pacl_core.models.frozen import on_device
from pacl_core.models.modes import training_mode
from pacl_core.models.open_clip_model import ClipModel, fresh_network
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.video_text import VideoText, make_video_text
from pacl_core.params.emotionclip import RatesParams, TrainClipsParams
from pacl_core.training.contrastive import local_rows
from pacl_core.training.distributed import World
from pacl_core.training.forward import autocast, learning
from pacl_core.training.method import Batch, LearningRate, Losses, RowIds
from pacl_core.training.retrieval import retrieval

log = logging.getLogger("pacl")

HIGHEST_SCALE = 100.0  # CLIP's bound (Radford et al. 2021): without it training became unstable
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Piece(NamedTuple):
    """A step on the device: b clips of this rank, of the B of all.

    `pixels` [b, T, 3, S, S] uint8, `coverage` [b, T, P], `tokens` [b, L], `sentiment` [B, K].
    """

    pixels: Tensor
    coverage: Tensor
    tokens: Tensor
    sentiment: Tensor


@dataclass(frozen=True)
class EmotionClip:
    """`whole` is the model whose parts `model` names for the engine. `rows`: to train on; `held`: kept out.

    `pool`: threads that decode frames. `world`: this process among those that train together.
    """

    model: nn.ModuleDict
    whole: VideoText
    params: TrainClipsParams
    views: ClipViews
    rows: RowIds
    held: RowIds
    pool: Executor
    world: World
    encode: Callable[[Tensor, Tensor], Tensor]

    @property
    def learning_rates(self) -> Mapping[str, LearningRate]:
        """Of the towers by the form of a weight; what is new may have a rate of its own."""
        lr = self.params.lr
        head: LearningRate = tower_rate(lr) if lr.head is None else lr.head
        return {"backbone": tower_rate(lr), "subject": head, "temporal": head}

    @property
    def sample_ids(self) -> Sequence[str]:
        return self.views.clips.sample_ids

    def warm_up(self) -> None:
        """Nothing: every part starts as it is."""

    def batches(self, epoch: int) -> list[Batch]:
        """All clips once, shuffled; what is no whole batch is left out, as published."""
        batches = drawn(self.rows, self.params.batch_size, (self.params.seed, epoch))
        return [Batch({"clips": rows}) for rows in batches]

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        """One piece: every clip is a negative of every other."""
        rows = batch.seen_rows(self.world)
        seed = (self.params.seed, epoch)
        seen = list(self.pool.map(lambda row: self.views.random(row, seed), rows.tolist()))
        return [self._piece(rows, seen, batch.rows())]

    def losses(self, inputs: Piece, world: World) -> Losses:
        """SNCE of a batch, the share of pairs that hardly repel, and the scale."""
        params, size = self.params, len(inputs.sentiment)
        own = world.local_slice(size)
        video, text = (features[: own.stop - own.start] for features in self._features(inputs))
        gathered = world.gather(torch.stack((video, text), dim=1), size)
        everyone = (gathered[:, 0], gathered[:, 1])
        rows = local_rows(video, text, everyone, offset=own.start)
        weights = sentiment_weights(inputs.sentiment, beta=params.loss.beta, kl=params.loss.kl)
        scale = self.scale()
        loss = sample_losses(rows, weights, scale=scale).sum() / size
        return Losses({"snce": loss}, {"suppressed": suppressed_share(weights), "scale": scale.detach()})

    @torch.no_grad()
    def evaluate(self, epoch: int) -> dict[str, float]:
        """Retrieval among clips that are held out."""
        if len(self.held) == 0:
            return {}
        parts = []
        for rows in np.array_split(self.held, -(-len(self.held) // self.params.batch_size)):
            seen = list(self.pool.map(self.views.plain, rows.tolist()))
            parts.append(self._features(self._piece(rows, seen, rows)))
        return retrieval(*(torch.cat(side) for side in zip(*parts, strict=True)), shown="video")

    def extras(self) -> dict[str, Tensor]:
        """Weights of the temporal head and the subject, as `temporal.<name>` and `subject.<name>`."""
        return {
            f"{part}.{name}": tensor.detach().cpu()
            for part in ("temporal", "subject")
            for name, tensor in self.model[part].state_dict().items()
        }

    def scale(self) -> Tensor:
        """1 / temperature, a scalar with a gradient, in [1, 100].

        The parameter is clamped: clamping the result would leave one beyond a bound without a gradient.
        """
        log_scale = self.whole.clip.network.logit_scale
        with torch.no_grad():
            log_scale.clamp_(0.0, math.log(HIGHEST_SCALE))
        found: Tensor = log_scale.float().exp().squeeze()
        return found

    def _features(self, inputs: Piece) -> tuple[Tensor, Tensor]:
        """Unit vectors [b, E] float32 of clips and texts."""
        pixels = self.views.preprocess.normalise(inputs.pixels.flatten(0, 1)).view(inputs.pixels.shape)
        with autocast(self.params.precision, self.world.device):
            video = self.encode(pixels, inputs.coverage)
            text = self.whole.text_features(inputs.tokens)
        return video.float(), text.float()

    def _piece(self, rows: RowIds, seen: Sequence[Seen], everyone: RowIds) -> Piece:
        views, device = self.views, self.world.device
        texts = [views.clips.texts[row] for row in rows.tolist()]
        return Piece(
            on_device(np.stack([one.pixels for one in seen]), device),
            on_device(np.stack([one.coverage for one in seen]), device),
            self.whole.short_tokens(texts).to(device),
            on_device(views.clips.sentiment[everyone], device),
        )


def make_emotionclip(
    clip: ClipModel, clips: Clips, params: TrainClipsParams, *, pool: Executor, world: World
) -> EmotionClip:
    """The method before its first step: CLIP, moved to the device in place, and new parts.

    Raises `UserError` where there are fewer than two clips to train on, or where parts do not fit the model.
    """
    rows, held = split(len(clips.sample_ids), params.holdout, seed=params.seed)
    if len(rows) < 2:
        raise UserError(f"nothing to train: {len(rows)} clips, and one has no negatives; keep more of them")
    missing = int(np.isnan(clips.sentiment[rows]).any(axis=1).sum())
    log.info("%d clips, %d held out; %d epochs", len(rows), len(held), params.epochs)
    if missing:
        log.info("%d clips have no sentiment: they repel and are repelled as without weights", missing)
    for tower, name in ((params.frame, "frame"), (params.text, "text")):
        if tower.init == "random":
            _start_anew(clip, name, seed=params.seed)
    made = make_video_text(clip, params.subject, params.temporal, frames=params.frames, seed=params.seed)
    network = learning(clip.network, params, world.device)
    for name, parameter in network.named_parameters():
        tower = params.frame if name.startswith("visual.") else params.text
        if not _is_scale(name) and not tower.train:
            parameter.requires_grad_(False)
    new = {
        name: training_mode(part.to(world.device), params.batch_norm)
        for name, part in (("subject", made.subject), ("temporal", made.temporal))
    }
    views = ClipViews(clips, preprocess_of(clip, params), made.patch, params.frames, params.crop)
    return EmotionClip(
        model=nn.ModuleDict({"backbone": network, **new}),
        whole=made,
        params=params,
        views=views,
        rows=rows,
        held=held,
        pool=pool,
        world=world,
        encode=torch.compile(made.clip_features) if params.compile else made.clip_features,
    )


def tower_rate(lr: RatesParams) -> LearningRate:
    """Gains, biases and other vectors at one rate, matrices and the scale at another."""

    def rate(name: str, parameter: Tensor) -> float:
        return lr.gains if parameter.ndim == 1 and not _is_scale(name) else lr.weights

    return rate


def split(count: int, holdout: int, *, seed: int) -> tuple[RowIds, RowIds]:
    """Rows to train on, and `holdout` others, drawn by `seed`, at most half of all; both ascending."""
    order = np.random.default_rng((seed, 0x401D)).permutation(count)
    kept_out = min(holdout, count // 2)
    return np.sort(order[kept_out:]), np.sort(order[:kept_out])


def preprocess_of(clip: ClipModel, params: TrainClipsParams) -> Preprocess:
    """CLIP's own, or with ImageNet's mean and deviation, as EmotionCLIP was trained and evaluated."""
    if params.normalisation == "backbone":
        return clip.preprocess
    return replace(clip.preprocess, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _start_anew(clip: ClipModel, tower: str, *, seed: int) -> None:
    """Give a tower the weights that its architecture starts with."""
    fresh = fresh_network(clip, seed=seed).state_dict()
    with torch.no_grad():
        for name, tensor in clip.network.state_dict().items():
            if name.startswith("visual.") == (tower == "frame") and not _is_scale(name):
                tensor.copy_(fresh[name])


def _is_scale(name: str) -> bool:
    return name in ("logit_scale", "logit_bias")
