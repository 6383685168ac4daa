"""Which model: named once by `{kind, name, weights}`.

`weights` is null (what the kind brings itself), a local path, or `hub:<owner>/<name>@<revision>`.
`sha256`, if given, is checked against the local weights file before it is read. `precision` is that of
weights and activations; outputs are always float32.
"""

from typing import Literal, TypeAlias

from pydantic import Field

from pacl_core.params.section import Section

Precision: TypeAlias = Literal["float32", "bfloat16"]


class ScorerParams(Section):
    """An image-text model: an image and a text as vectors in one space."""

    kind: Literal["open_clip", "lit", "conse"]
    name: str
    weights: str | None = None
    sha256: str | None = None
    precision: Precision = "float32"


class TextEncoderParams(Section):
    """A text encoder and how its tokens become one vector."""

    kind: Literal["affect", "concat", "hf", "minilm", "nade", "open_clip"]
    name: str
    weights: str | None = None
    sha256: str | None = None
    pooling: Literal["first", "mean", "pooler"] = "mean"
    normalise: Literal["none", "tweet"] = "none"
    max_length: int = Field(default=128, ge=2)
    precision: Precision = "float32"


class BackboneParams(Section):
    """The visual backbone that is to be enhanced. `image_size` null: the size it was published with."""

    kind: Literal["timm", "open_clip"]
    name: str
    weights: str | None = None
    sha256: str | None = None
    image_size: int | None = Field(default=None, ge=32)
