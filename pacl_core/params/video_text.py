"""What a model of clips adds to CLIP: how it is told of a subject, and how it joins frames."""

from typing import Literal

from pydantic import Field

from pacl_core.params.section import Section

SubjectKind = Literal["sap", "saam", "none"]
TemporalKind = Literal["transformer", "mean"]


class SubjectParams(Section):
    """`sap`: a token of the subject's places; `saam`: a learnt one, and masked attention in `layers` blocks.

    `none`: the plain model. `coverage` of `sap`: the share of a patch, or any part of it as the whole.
    `layers`: the first so many, null for all.
    """

    kind: SubjectKind = "sap"
    coverage: Literal["soft", "binary"] = "soft"
    layers: int | None = Field(default=None, ge=1)


class TemporalParams(Section):
    """`transformer`: `layers` with `heads` and feed-forward layers of `width`; `mean`: of the frames."""

    kind: TemporalKind = "transformer"
    layers: int = Field(default=6, ge=1)
    heads: int = Field(default=8, ge=1)
    width: int = Field(default=2048, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
