"""The sections of trainings of Feng et al.: pretext sets, three specialists, their tasks, and the student."""

from typing import Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, model_validator

from pacl_core.params.section import Name, Section, Seed
from pacl_core.params.training import Momentum, Staircase, TrainingParams

Task: TypeAlias = Literal["color", "sr", "scene", "jigsaw", "anp", "caption"]
Item = TypeVar("Item")


def _distinct(tasks: tuple[Item, ...]) -> tuple[Item, ...]:
    if len(set(tasks)) < len(tasks):
        raise ValueError("a task is listed twice")
    return tasks


class PretextSetsParams(Section):
    """Names of `pretext_sets`: of scenes (also for colours, more pixels and jigsaws), ANPs, captions."""

    scene: Name
    anp: Name
    caption: Name


class SpecialistParams(Section):
    """SGD, whose rate falls to a tenth after every `step_epochs` epochs.

    An epoch is a pass over the larger set of its tasks.
    """

    epochs: int = Field(default=30, ge=1)
    step_epochs: int = Field(default=10, ge=1)
    lr: float = Field(default=0.01, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    batch_size: int = Field(default=32, ge=1)


class StimuliParams(SpecialistParams):
    """ST, stimuli taking. Its published epochs are less than those of the others."""

    tasks: Annotated[tuple[Literal["color", "sr"], ...], AfterValidator(_distinct)] = Field(
        default=("color", "sr"), min_length=1
    )
    epochs: int = Field(default=12, ge=1)
    step_epochs: int = Field(default=4, ge=1)
    batch_size: int = Field(default=8, ge=1)


class HolisticParams(SpecialistParams):
    """HO, holistic organizing. The paper has 30 epochs, the published code 12."""

    tasks: Annotated[tuple[Literal["scene", "jigsaw"], ...], AfterValidator(_distinct)] = Field(
        default=("scene", "jigsaw"), min_length=1
    )


class PerceivingParams(SpecialistParams):
    """HP, high-level perceiving."""

    tasks: Annotated[tuple[Literal["anp", "caption"], ...], AfterValidator(_distinct)] = Field(
        default=("anp", "caption"), min_length=1
    )


class ColorParams(Section):
    """`width`: channels of each stage map in the head; null: the published number of the backbone, or 64."""

    width: int | None = Field(default=None, ge=1)


class SuperResolutionParams(Section):
    """An image of `low` pixels becomes one of `high`, four times as many. `width` as of `color`."""

    width: int | None = Field(default=None, ge=1)
    low: int = Field(default=64, ge=1)
    high: int = Field(default=256, ge=4)

    @model_validator(mode="after")
    def _four_times(self) -> Self:
        if self.high != 4 * self.low:
            raise ValueError(f"'high' is four times 'low': {4 * self.low}, not {self.high}")
        return self


class JigsawParams(Section):
    """`side`: of the image that is cut into nine tiles. `gap`: pixels left out between two."""

    side: int = Field(default=192, ge=3)
    gap: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _three_tiles(self) -> Self:
        if self.side % 3:
            raise ValueError(f"'side' is three tiles: a multiple of 3, not {self.side}")
        if self.gap >= self.side // 3:
            raise ValueError(f"'gap' is less than a tile: {self.side // 3} pixels")
        return self


class CaptionParams(Section):
    """Sizes of the head, the weight of attention to all cells, and which captions and words are learnt."""

    embedding: int = Field(default=128, ge=1)
    hidden: int = Field(default=512, ge=1)
    attention: int = Field(default=512, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    alpha_c: float = Field(default=1.0, ge=0)
    min_words: int = Field(default=5, ge=1)
    min_count: int = Field(default=5, ge=1)


class DistilParams(Section):
    """The student's training on the specialists' stage maps, without labels; 0 epochs: as it starts."""

    epochs: int = Field(default=1, ge=0)
    lr: float = Field(default=0.01, gt=0)
    student: Literal["hp", "initial"] = "hp"


class FengParams(Section):
    """One training of Feng et al., from `backbone`. Every section is to be there, if only as {}: DVC tracks
    them one by one. The defaults within are those of the paper.
    """

    sets: PretextSetsParams
    init: Literal["weights", "random"]
    seed: Seed
    precision: Literal["float32", "bfloat16"]
    st: StimuliParams
    ho: HolisticParams
    hp: PerceivingParams
    color: ColorParams
    sr: SuperResolutionParams
    jigsaw: JigsawParams
    caption: CaptionParams
    distil: DistilParams

    def specialist(self, part: str) -> StimuliParams | HolisticParams | PerceivingParams:
        """The section of st, ho or hp."""
        found: StimuliParams | HolisticParams | PerceivingParams = getattr(self, part)
        return found


class DescentParams(TrainingParams):
    """What the engine reads of a training: SGD, on every parameter alike."""

    lr: float
    momentum: float = 0.9
    step_epochs: int | None = None

    @property
    def optimiser(self) -> Momentum:
        return Momentum(self.momentum)

    @property
    def descent(self) -> Literal["step", "epoch"] | Staircase:
        return "step" if self.step_epochs is None else Staircase(self.step_epochs)


def specialist_training(own: FengParams, part: str) -> DescentParams:
    """How st, ho or hp is trained."""
    given = own.specialist(part).model_dump(exclude={"tasks"})
    return DescentParams(**given, seed=own.seed, precision=own.precision)


def distil_training(own: FengParams) -> DescentParams:
    """How the student is trained, with a rate that falls as a cosine; of an epoch at least."""
    chosen = own.hp
    return DescentParams(
        epochs=own.distil.epochs,
        lr=own.distil.lr,
        batch_size=chosen.batch_size,
        momentum=chosen.momentum,
        weight_decay=chosen.weight_decay,
        seed=own.seed,
        precision=own.precision,
    )
