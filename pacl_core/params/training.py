"""The train section: what method and schedule need, nothing about the machine."""

from typing import Literal

from pydantic import Field

from pacl_core.params.section import Section


class TrainParams(Section):
    """Contrastive training (paper 3.3, 4.2). Learning rates are per parameter group."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=1)
    compile: bool = False
    batching: Literal["separate", "mixed"] = "separate"
    dim: int = Field(default=768, ge=1)
    temperature: float = Field(default=0.07, gt=0)
    usage: Literal["strong", "partial", "weak"] = "weak"
    backbone_lr: float = Field(default=1e-3, ge=0)
    projector_lr: float = Field(default=1e-3, ge=0)
    weight_decay: float = Field(default=0.02, ge=0)
    batch_norm: Literal["update", "frozen"] = "update"
    warmup_steps: int = Field(default=0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    ema: float | None = Field(default=None, gt=0, lt=1)
    layer_decay: float | None = Field(default=None, gt=0, le=1)
    temperature_learnable: bool = False
    non_finite: Literal["stop", "skip"] = "stop"
    holdout: int = Field(default=0, ge=0)
    precision: Literal["float32", "bfloat16"] = "float32"
    projector_warmup_steps: int = Field(default=0, ge=0)
    horizontal_flip: bool = False
    random_resized_crop: bool = False
    seed: int = Field(default=0, ge=0)
