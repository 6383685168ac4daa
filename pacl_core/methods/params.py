"""The whole of params.yaml: the sections that every method shares, and those of each method."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from pacl_core.errors import unknown
from pacl_core.methods.pacl.params import (
    AnpsParams,
    EmbeddingMapParams,
    EmotionalScoresParams,
    FactualScoresParams,
    ImageEmbeddingsParams,
    PartitionParams,
    PseudoLabelsParams,
    RecipeParams,
    ShardsParams,
    TrainParams,
)
from pacl_core.params.clips import ClipsParams, PersonsParams, SentimentParams
from pacl_core.params.emotionclip import EmotionClipParams
from pacl_core.params.evaluation import (
    DownstreamParams,
    EvaluateParams,
    ExamplesParams,
    LeaksParams,
    ReportParams,
    VariantParams,
)
from pacl_core.params.feng import FengParams
from pacl_core.params.models import BackboneParams, TextEncoderParams
from pacl_core.params.pairs import PairsParams
from pacl_core.params.section import Name, Section, read_section


class Params(Section):
    """The whole of params.yaml, one field per section."""

    pairs: PairsParams
    factual_scores: FactualScoresParams
    anps: AnpsParams
    emotional_scores: EmotionalScoresParams
    partition: PartitionParams
    backbone: BackboneParams
    text_encoder: TextEncoderParams
    image_embeddings: ImageEmbeddingsParams = ImageEmbeddingsParams()
    pseudo_labels: PseudoLabelsParams = PseudoLabelsParams()
    embedding_map: EmbeddingMapParams = EmbeddingMapParams()
    shards: ShardsParams = ShardsParams()
    train: TrainParams = TrainParams()
    recipes: dict[Name, RecipeParams] = Field(default_factory=dict)
    clips: dict[Name, ClipsParams] = Field(default_factory=dict)
    sentiment: SentimentParams = SentimentParams()
    persons: PersonsParams = PersonsParams()
    emotionclip: dict[Name, EmotionClipParams] = Field(default_factory=dict)
    pretext_sets: dict[Name, DownstreamParams] = Field(default_factory=dict)
    feng: dict[Name, FengParams] = Field(default_factory=dict)
    downstream: dict[Name, DownstreamParams]
    leaks: LeaksParams = LeaksParams()
    variants: dict[Name, VariantParams] = Field(default_factory=dict)
    evaluate: EvaluateParams = EvaluateParams()
    examples: ExamplesParams = ExamplesParams()
    report: ReportParams = ReportParams()

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        for name in self.recipes:
            if name in ("initial", "pacl", *self.variants):
                raise ValueError(f"recipes.{name}: models/{name} is another model; choose another name")
        for name in self.emotionclip:
            if name in ("initial", "pacl", *self.variants, *self.recipes):
                raise ValueError(f"emotionclip.{name}: models/{name} is another model; choose another name")
        others = ("initial", "pacl", *self.variants, *self.recipes, *self.emotionclip)
        for name in self.feng:
            for model in (name, *(f"{name}-{part}" for part in ("st", "ho", "hp"))):
                if model in others or (model != name and model in self.feng):
                    raise ValueError(f"feng.{name}: models/{model} is another model; choose another name")
        return self

    @model_validator(mode="after")
    def _trained_on_pretext_sets(self) -> Self:
        for name, one in self.feng.items():
            for key, chosen in one.sets:
                if chosen not in self.pretext_sets:
                    raise ValueError(
                        f"feng.{name}.sets.{key}: {unknown('pretext set', chosen, self.pretext_sets)}"
                    )
        return self

    @model_validator(mode="after")
    def _accumulated(self) -> Self:
        applied = {f"recipes.{name}.train": one.applied_to(self.train) for name, one in self.recipes.items()}
        for where, train in {"train": self.train, **applied}.items():
            if train.accumulate > 1 and train.batch_norm == "update":
                raise ValueError(
                    f"{where}.accumulate: {train.accumulate} pieces cannot update statistics of a whole "
                    "batch; set batch_norm: frozen, or accumulate: 1"
                )
        return self

    @model_validator(mode="after")
    def _trained_on_clips(self) -> Self:
        for name, one in self.emotionclip.items():
            if one.clips not in self.clips:
                raise ValueError(
                    f"emotionclip.{name}.clips: {unknown('corpus of clips', one.clips, self.clips)}"
                )
            if self.backbone.kind != "open_clip":
                raise ValueError(
                    f"emotionclip.{name}: trains a CLIP of 'open_clip', but backbone.kind is "
                    f"'{self.backbone.kind}'"
                )
        return self

    @model_validator(mode="after")
    def _leaks_among_what_is_there(self) -> Self:
        kind, _, corpus = self.leaks.among.partition("/")
        if kind == "pretext":
            corpus = corpus.removesuffix(".parquet")
            if corpus not in self.pretext_sets:
                raise ValueError(f"leaks.among: {unknown('pretext set', corpus, self.pretext_sets)}")
            return self
        if corpus and corpus not in self.clips:
            raise ValueError(f"leaks.among: {unknown('corpus of clips', corpus, self.clips)}")
        return self

    @model_validator(mode="after")
    def _transfers(self) -> Self:
        pairs: set[tuple[str, str]] = set()
        for place, one in enumerate(self.evaluate.transfer):
            where = f"evaluate.transfer.{place}"
            for key, name in (("from", one.source), *(("to", name) for name in one.to)):
                if name not in self.downstream:
                    raise ValueError(f"{where}.{key}: {unknown('data set', name, self.downstream)}")
            for name in one.to:
                if name == one.source:
                    raise ValueError(f"{where}: '{name}' to itself is the protocol linear; take it out of to")
                if (one.source, name) in pairs:
                    raise ValueError(f"{where}: '{one.source}' to '{name}' is listed twice")
                pairs.add((one.source, name))
        return self

    @property
    def input_paths(self) -> dict[str, str]:
        """Paths of the user's own files that DVC hashes, by their keys."""
        downstream = {f"downstream.{name}.path": one.path for name, one in self.downstream.items()}
        pretext = {f"pretext_sets.{name}.path": one.path for name, one in self.pretext_sets.items()}
        clips = {f"clips.{name}.path": one.path for name, one in self.clips.items()}
        return {"pairs.path": self.pairs.path, "anps.path": self.anps.path} | downstream | pretext | clips


def load(path: Path | str) -> Params:
    """Read and check a params file. Raises `UserError`, one line, naming the key as written."""
    return read_section(Path(path), Params, absent="no such file; run from the project's root")
