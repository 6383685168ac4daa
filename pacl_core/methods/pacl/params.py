"""The sections of params.yaml that are PACL's own, from scores to training."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from pacl_core.params.models import Precision, ScorerParams, TextEncoderParams
from pacl_core.params.section import Section, Seed
from pacl_core.params.training import TrainingParams


class FactualScoresParams(Section):
    scorer: ScorerParams


class AnpsParams(Section):
    """Adjective-noun pairs: ranked by the factual scorer (`zero_shot`) or read (`precomputed`)."""

    kind: Literal["zero_shot", "precomputed"] = "zero_shot"
    path: str
    format: Literal["plain", "vso", "sentibank", "mvso", "deepsentibank"] = "plain"
    top: int = Field(default=3, ge=1)


class EmotionalScoresParams(Section):
    text_encoder: TextEncoderParams


class ImageEmbeddingsParams(Section):
    """How the backbone's features are computed. The backbone that is trained and evaluated stays float32."""

    precision: Precision = "float32"


class ThresholdParams(Section):
    """Matched where the transformed score > `threshold`, or for the highest `share` of the pairs.

    `set_for`: the kind of model for whose scores the threshold was chosen, None if that is not known.
    """

    transform: Literal["raw", "clipscore", "minmax", "rank"] = "raw"
    threshold: float | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    set_for: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.threshold is None) == (self.share is None):
            raise ValueError("give either 'threshold' or 'share', and null for the other")
        return self


class PartitionParams(Section):
    """How pairs are split (paper 3.1; the modes are those of Table 4)."""

    mode: Literal["both", "factual", "emotional", "none"] = "both"
    factual: ThresholdParams
    emotional: ThresholdParams

    def misfits(self, kinds: Mapping[str, str]) -> list[str]:
        """A sentence per threshold that was chosen for the scores of another kind of model.

        `kinds`: "factual" and "emotional" -> the kind of the model in use.
        """
        return [
            f"partition.{score}: threshold {own.threshold:g} was set for the scores of '{own.set_for}', not "
            f"of '{kinds[score]}'; choose it anew (docs/thresholds.md) and write that kind to set_for"
            for score, own in (("factual", self.factual), ("emotional", self.emotional))
            if own.threshold is not None and own.set_for not in (None, kinds[score])
        ]


class PseudoLabelsParams(Section):
    """k-means on both embeddings (paper 3.2). `sample`: vectors used to find the centres."""

    k: int = Field(default=2, ge=1)
    normalise: bool = True
    restarts: int = Field(default=16, ge=1)
    iterations: int = Field(default=50, ge=1)
    sample: int = Field(default=50_000, ge=1)
    seed: Seed = 0

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.sample < self.k:
            raise ValueError(f"'sample' ({self.sample}) must be at least 'k' ({self.k})")
        return self


class EmbeddingMapParams(Section):
    """A map of at most `points` embeddings drawn by `seed`; the `nearest` pairs of each centre."""

    points: int = Field(default=800, ge=10, le=20_000)
    nearest: int = Field(default=6, ge=1, le=100)
    seed: Seed = 0


class ShardsParams(Section):
    """A shard is closed at the bound that it reaches first."""

    max_samples: int = Field(default=10_000, ge=1)
    max_megabytes: int = Field(default=512, ge=1)


class TrainParams(TrainingParams):
    """Contrastive training (paper 3.3, 4.2). Learning rates are per parameter group.

    `seeds` trainings are made, with `seed`, `seed` + 1, and so on.
    """

    batching: Literal["separate", "mixed"] = "separate"
    accumulate: int = Field(default=1, ge=1)
    dim: int = Field(default=768, ge=1)
    temperature: float = Field(default=0.07, gt=0)
    temperature_learnable: bool = False
    usage: Literal["strong", "partial", "weak"] = "weak"
    backbone_lr: float = Field(default=1e-3, ge=0)
    projector_lr: float = Field(default=1e-3, ge=0)
    projector_warmup_steps: int = Field(default=0, ge=0)
    holdout: int = Field(default=0, ge=0)
    holdout_distance: int = Field(default=4, ge=0, le=16)
    horizontal_flip: bool = False
    random_resized_crop: bool = False
    seeds: int = Field(default=1, ge=1, le=100)

    @model_validator(mode="after")
    def _seeds_in_range(self) -> Self:
        if self.seed + self.seeds > 2**31:
            raise ValueError(
                f"'seed' ({self.seed}) leaves no room for 'seeds' ({self.seeds}); choose a smaller one"
            )
        return self

    @property
    def training_seeds(self) -> range:
        """The seed of each training; the first one's is `seed`."""
        return range(self.seed, self.seed + self.seeds)

    def one_training(self) -> dict[str, object]:
        """What decides the first training, as JSON: it is the same however many follow."""
        return self.model_dump(exclude={"seeds"})


class RecipeParams(Section):
    """One more training on the same pairs, to compare with: how it divides them, and what of `train` differs.

    `partition`: as the scores say (`estimated`), by one of them (`factual`, `emotional`), all pairs in one
    group (`none`: plain contrastive training), at random in the same sizes, or as the corpus recorded it.
    """

    partition: Literal["estimated", "factual", "emotional", "none", "random", "record"] = "estimated"
    train: TrainParams = Field(
        default_factory=TrainParams, description="Keys of [train](#train) that differ from those there"
    )

    @field_validator("train")
    @classmethod
    def _same_pairs(cls, train: TrainParams) -> TrainParams:
        for key in ("holdout", "holdout_distance"):
            if key in train.model_fields_set:
                raise ValueError(f"'{key}' cannot differ: every training leaves out the same pairs")
        return train

    def applied_to(self, train: TrainParams) -> TrainParams:
        """The section `train` with this recipe's own keys."""
        return train.model_copy(update=self.train.model_dump(exclude_unset=True))
