"""Parameters of every training method; none about the machine."""

from typing import Literal, NamedTuple

from pydantic import Field

from pacl_core.params.section import Section, Seed


class Adam(NamedTuple):
    """Of AdamW: how fast its two moments forget, and what keeps its division finite. Torch's own."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8


class Momentum(NamedTuple):
    """SGD with momentum in place of AdamW. It decays every parameter, norms and biases too, as torch does."""

    momentum: float = 0.9


class Staircase(NamedTuple):
    """Learning rates are multiplied by `factor` after every `epochs` epochs."""

    epochs: int
    factor: float = 0.1


class TrainingParams(Section):
    """Epochs, optimiser, precision (paper 4.2). A method's own section adds learning rates and data."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=1)
    weight_decay: float = Field(default=0.02, ge=0)
    layer_decay: float | None = Field(default=None, gt=0, le=1)
    warmup_steps: int = Field(default=0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    ema: float | None = Field(default=None, gt=0, lt=1)
    non_finite: Literal["stop", "skip"] = "stop"
    batch_norm: Literal["update", "frozen"] = "update"
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    seed: Seed = 0

    @property
    def optimiser(self) -> Adam | Momentum:
        """A method whose section has one gives another."""
        return Adam()

    @property
    def descent(self) -> Literal["step", "epoch"] | Staircase:
        """How learning rates fall: a cosine, step by step or epoch by epoch, or a staircase.

        A method whose section has it may give another.
        """
        return "step"
