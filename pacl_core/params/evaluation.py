"""Sections of downstream data sets, their evaluation, and the report."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from pacl_core.params.section import Name, Section, Seed


class DownstreamParams(Section):
    """One data set: its record (what it is), its path, the short side of its stored images."""

    record: str
    path: str
    image_size: int = Field(default=256, ge=16)


class LeaksParams(Section):
    """Images are near duplicates where their perceptual hashes differ in at most `distance` of 64 bits.

    `among`: what models were trained on: `pairs`; `clips/<name>`, of which the middle frames are compared; or
    `pretext/<name>.parquet`, a pretext set.
    """

    distance: int = Field(default=4, ge=0, le=16)
    among: str = Field(default="pairs", pattern=r"^(pairs|clips/[a-z0-9_-]+|pretext/[a-z0-9_-]+\.parquet)$")


class VariantParams(Section):
    """Other weights of the same architecture. `prefix` is cut from the names of the file's tensors."""

    weights: str
    sha256: str | None = None
    prefix: str | None = None


class LinearParams(Section):
    """A linear head on features of the frozen backbone, or a convex probe, which has no epochs and seeds."""

    probe: Literal["head", "convex"] = "head"
    lr: float = Field(default=1e-2, gt=0)
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=64, ge=1)
    seeds: int = Field(default=5, ge=1)


class TuningParams(Section):
    """How whole networks learn a task: what the protocols that do so have in common."""

    weight_decay: float = Field(default=0.01, ge=0)
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=64, ge=1)
    seeds: int = Field(default=1, ge=1)
    batch_norm: Literal["update", "frozen"] = "update"
    horizontal_flip: bool = False
    random_resized_crop: bool = False


class FinetuneParams(TuningParams):
    """The whole backbone and a head. `polarity_weight` is that of the polarity-consistent loss (PDANet)."""

    backbone_lr: float = Field(default=1e-4, gt=0)
    head_lr: float = Field(default=1e-2, gt=0)
    loss: Literal["cross_entropy", "polarity_consistent"] = "cross_entropy"
    polarity_weight: float = Field(default=0.5, ge=0)


Specialist: TypeAlias = Literal["st", "ho", "hp"]
Stages: TypeAlias = tuple[Annotated[int, Field(ge=1, le=4)], ...]


def _once(names: tuple[Specialist, ...]) -> tuple[Specialist, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a specialist is listed twice")
    return names


Specialists: TypeAlias = Annotated[tuple[Specialist, ...], AfterValidator(_once)]


class StageTermsParams(Section):
    """The stages, of four, in which the student is like each specialist; `[]`: in none."""

    st: Stages = (2,)
    ho: Stages = (3,)
    hp: Stages = (4,)


class AmalgamateParams(TuningParams):
    """A student and three specialists that learn the task together; published settings.

    `lr` falls to a tenth after every `step_epochs`. `student`: the weights it begins with, of the specialist
    hp or as they were before all training. `features`, `logits`, `target`: the terms of the loss; what is
    not listed is off.
    """

    lr: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    epochs: int = Field(default=30, ge=1)
    step_epochs: int = Field(default=10, ge=1)
    batch_size: int = Field(default=32, ge=1)
    student: Literal["hp", "initial"] = "hp"
    features: StageTermsParams = StageTermsParams()
    logits: Specialists = ("hp",)
    target: Specialists = ("st", "ho", "hp")
    horizontal_flip: bool = True
    random_resized_crop: bool = True


def _names_the_class(prompt: str) -> str:
    if "[C]" not in prompt:
        raise ValueError(f"{prompt!r} has no [C]; put it where the class goes")
    return prompt


Prompt: TypeAlias = Annotated[str, AfterValidator(_names_the_class)]


class ZeroShotParams(Section):
    """Prompts with [C] in place of the class; `ensemble` adds the mean of all as one more."""

    prompts: tuple[Prompt, ...] = Field(
        default=("A photo with [C] emotion.", "The photo makes me feel so [C]!"), min_length=1
    )
    ensemble: bool = True


def _none_or_several(folds: int) -> int:
    if folds == 1:
        raise ValueError("one fold leaves nothing to fit on; take 2 or more, or 0 for the 8:1:1 split")
    return folds


Folds: TypeAlias = Annotated[int, Field(ge=0, le=20), AfterValidator(_none_or_several)]


Labels: TypeAlias = Annotated[int, Field(ge=2)]


def _says_which_classes(given: object) -> object:
    names = [*given.keys(), *given.values()] if isinstance(given, dict) else []
    if given in ("polarity", None) or (names and all(isinstance(name, str) for name in names)):
        return given
    raise ValueError("'polarity', null, or a mapping {class of from: class of to}")


SameClasses: TypeAlias = Annotated[
    Literal["polarity"] | dict[str, str] | None, BeforeValidator(_says_which_classes)
]


class TransferParams(Section):
    """Heads fitted on the data set `from` (here `source`), tested on each of `to`, all names of `downstream`.

    `classes` says which classes are the same: `polarity`, negative and positive in both; a class of `from` ->
    a class of `to`; null, classes of the same name.
    """

    source: Name = Field(alias="from")
    to: tuple[Name, ...] = Field(min_length=1)
    classes: SameClasses = "polarity"


class EvaluateParams(Section):
    """Protocols and variants to cross with every data set of `downstream`, and each protocol's own section.

    `exclude_leaks`: which test items with a duplicate among the pairs are left out. `folds`: of the
    cross-validation of data sets without official splits; 0 takes their 8:1:1 split instead. `few_shot` is a
    list, of numbers of labels; `transfer` one of `{from, to, classes}`: see docs/evaluation.md.
    """

    protocols: tuple[Literal["linear", "finetune", "amalgamate", "zero_shot", "few_shot"], ...] = Field(
        default=("linear",), min_length=1
    )
    variants: tuple[Name, ...] = Field(default=("initial", "pacl"), min_length=1)
    exclude_leaks: Literal["none", "exact", "near"] = "none"
    bootstrap: int = Field(default=2000, ge=100)
    folds: Folds = 5
    linear: LinearParams = LinearParams()
    finetune: FinetuneParams = FinetuneParams()
    amalgamate: AmalgamateParams = AmalgamateParams()
    zero_shot: ZeroShotParams = ZeroShotParams()
    few_shot: tuple[Labels, ...] = Field(default=(16, 64, 256), min_length=1)
    transfer: tuple[TransferParams, ...] = ()


class ExamplesParams(Section):
    """Test items shown per data set: `count` queries and as many of each outcome, `top` results per query."""

    count: int = Field(default=6, ge=1, le=50)
    top: int = Field(default=5, ge=1, le=20)
    seed: Seed = 0


class ReportParams(Section):
    """How many pairs of each partition the report shows."""

    samples: int = Field(default=8, ge=1)
    seed: Seed = 0
