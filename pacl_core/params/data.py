"""Sections of the stages that make data: pairs, ANPs, partition, pseudo-labels, shards."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pacl_core.params.models import Precision, ScorerParams, TextEncoderParams
from pacl_core.params.section import Section


class ManifestParams(Section):
    """Columns of a manifest. `file` names it inside `pairs.path` where that is a folder.

    `image` is a column of paths relative to the manifest, or a pattern over columns: "images/{Theme}.jpg".
    """

    file: str | None = None
    image: str = "image"
    text: str = "text"
    id: str | None = None


class TextCleaningParams(Section):
    """What is done to a post's text; see docs/corpora.md. `name` of an emoji is its English one."""

    html: Literal["keep", "decode"] = "keep"
    urls: Literal["keep", "remove"] = "keep"
    retweets: Literal["keep", "remove"] = "keep"
    mentions: Literal["keep", "remove"] = "keep"
    hashtags: Literal["keep", "drop_sign", "split"] = "keep"
    emoji: Literal["keep", "remove", "name"] = "keep"
    control: Literal["keep", "remove"] = "keep"
    whitespace: Literal["keep", "collapse"] = "keep"


class NearDuplicatesParams(Section):
    """Perceptual hashes that differ in at most `distance` of 64 bits are near duplicates; null marks none."""

    distance: int | None = Field(default=None, ge=0, le=8)


class PairsParams(Section):
    """The corpus, the reader that understands it, and the short side of stored pictures in pixels."""

    reader: str
    path: str
    image_size: int = Field(default=256, ge=16)
    manifest: ManifestParams = ManifestParams()
    text: TextCleaningParams = TextCleaningParams()
    near_duplicates: NearDuplicatesParams = NearDuplicatesParams()


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
    """Matched where the transformed score > `threshold`, or for the highest `share` of the pairs."""

    transform: Literal["raw", "clipscore", "minmax", "rank"] = "raw"
    threshold: float | None = None
    share: float | None = Field(default=None, ge=0, le=1)

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


class PseudoLabelsParams(Section):
    """k-means on both embeddings (paper 3.2). `sample`: vectors used to find the centres."""

    k: int = Field(default=2, ge=1)
    normalise: bool = True
    restarts: int = Field(default=16, ge=1)
    iterations: int = Field(default=50, ge=1)
    sample: int = Field(default=50_000, ge=1)
    seed: int = Field(default=0, ge=0)


class EmbeddingMapParams(Section):
    """A map of at most `points` embeddings drawn by `seed`; the `nearest` pairs of each centre."""

    points: int = Field(default=800, ge=10, le=20_000)
    nearest: int = Field(default=6, ge=1, le=100)
    seed: int = Field(default=0, ge=0)


class ShardsParams(Section):
    """A shard is closed at whichever bound it meets first."""

    max_samples: int = Field(default=10_000, ge=1)
    max_megabytes: int = Field(default=512, ge=1)
