"""params.yaml as one frozen object."""

from difflib import get_close_matches
from pathlib import Path

import yaml
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from pacl_core.errors import UserError
from pacl_core.params.data import (
    AnpsParams,
    EmbeddingMapParams,
    EmotionalScoresParams,
    FactualScoresParams,
    ImageEmbeddingsParams,
    PairsParams,
    PartitionParams,
    PseudoLabelsParams,
    ShardsParams,
)
from pacl_core.params.evaluation import (
    DownstreamParams,
    EvaluateParams,
    ExamplesParams,
    LeaksParams,
    ReportParams,
    VariantParams,
)
from pacl_core.params.models import BackboneParams, TextEncoderParams
from pacl_core.params.section import Section
from pacl_core.params.training import TrainParams


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
    downstream: dict[str, DownstreamParams]
    leaks: LeaksParams = LeaksParams()
    variants: dict[str, VariantParams] = Field(default_factory=dict)
    evaluate: EvaluateParams = EvaluateParams()
    examples: ExamplesParams = ExamplesParams()
    report: ReportParams = ReportParams()


def load(path: Path | str) -> Params:
    """Read and check a params file. Raises `UserError`, one line, naming the key as written."""
    path = Path(path)
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the project's root") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors()]
        raise UserError(f"{path}: {'; '.join(lines)}") from None


def _line(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        close = get_close_matches(str(detail["loc"][-1]), _keys_beside(detail["loc"]), n=1, cutoff=0.5)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"{key}: unknown key{hint}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"] == "literal_error":
        expected = str(detail["ctx"]["expected"])
        names = [name.strip("' ") for name in expected.replace(" or ", ",").split(",")]
        close = get_close_matches(str(detail["input"]), names, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}"
        return f"{key}: unknown value '{detail['input']}'; {hint}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message[0].lower()}{message[1:]}"


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """Field names of the section that holds the last part of `location`."""
    section: object = Params
    for part in location[:-1]:
        if not (isinstance(section, type) and issubclass(section, Section)):
            return []
        annotation = section.model_fields[str(part)].annotation
        if annotation == dict[str, DownstreamParams]:
            return list(DownstreamParams.model_fields)
        if annotation == dict[str, VariantParams]:
            return list(VariantParams.model_fields)
        section = annotation
    if isinstance(section, type) and issubclass(section, Section):
        return list(section.model_fields)
    return []
