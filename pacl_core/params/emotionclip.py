"""The sections of trainings of EmotionCLIP: clips, model, loss, learning rates and schedule."""

from typing import Literal

from pydantic import Field

from pacl_core.params.clips import ClipFilterParams
from pacl_core.params.section import Name, Section
from pacl_core.params.training import Adam, TrainingParams
from pacl_core.params.video_text import SubjectParams, TemporalParams


class TowerParams(Section):
    """A tower of CLIP: its weights as loaded or new ones, trained or left as they are (paper Table 3)."""

    init: Literal["weights", "random"] = "weights"
    train: bool = True


class LossParams(Section):
    """Sentiment-guided contrastive loss. The published run has `beta: 10`, `kl: reverse`."""

    beta: float = Field(default=1.0, ge=0)
    kl: Literal["forward", "reverse"] = "forward"


class RatesParams(Section):
    """`gains`: of gains, biases and other vectors; `weights`: of matrices and the learnt scale.

    `head`: of all that is new, the temporal head and the subject's own weights; null: as of the towers.
    """

    gains: float = Field(default=5e-5, ge=0)
    weights: float = Field(default=5e-6, ge=0)
    head: float | None = Field(default=5e-5, ge=0)


class TrainClipsParams(TrainingParams):
    """Training on clips. The defaults are ours; the published settings are named next to them.

    `frames`: of a clip, drawn in order. `crop`: one per clip, or one per frame (as published).
    `normalisation`: the backbone's, or ImageNet's (as published). `betas` were published as 0.98, 0.9.
    `schedule`: cosine by step, or by epoch (as published). `weights` of `lr` were 1e-8, with no other `head`.
    """

    frames: int = Field(default=8, ge=1)
    crop: Literal["clip", "frame"] = "clip"
    normalisation: Literal["backbone", "imagenet"] = "backbone"
    subject: SubjectParams = SubjectParams()
    temporal: TemporalParams = TemporalParams()
    text: TowerParams = TowerParams()
    frame: TowerParams = TowerParams()
    loss: LossParams = LossParams()
    lr: RatesParams = RatesParams()
    betas: tuple[float, float] = (0.9, 0.98)
    schedule: Literal["step", "epoch"] = "step"
    epochs: int = Field(default=25, ge=1)
    batch_size: int = Field(default=128, ge=1)
    weight_decay: float = Field(default=0.1, ge=0)
    holdout: int = Field(default=0, ge=0)

    @property
    def optimiser(self) -> Adam:
        return Adam(self.betas, 1e-6)

    @property
    def descent(self) -> Literal["step", "epoch"]:
        return self.schedule


class EmotionClipParams(TrainClipsParams):
    """One training of EmotionCLIP on the corpus `clips`, as far as `filter` keeps it, from `backbone`.

    The defaults are ours; docs/clips.md has the published settings next to them.
    """

    clips: Name
    filter: ClipFilterParams
