"""The section `pairs`: the corpus, its reader, and the processing of its posts."""

from typing import Literal

from pydantic import Field

from pacl_core.params.section import Section


class ManifestParams(Section):
    """Columns of a manifest. `file` names it inside `pairs.path` if that is a folder.

    `image` is a column of paths relative to the manifest, or a pattern over columns: "images/{Theme}.jpg".
    """

    file: str | None = None
    image: str = "image"
    text: str = "text"
    id: str | None = None


class TextCleaningParams(Section):
    """Cleaning of a post's text; see docs/corpora.md. `name` of an emoji is its English name."""

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
    """The corpus, its reader, and the short side of stored images in pixels."""

    reader: str
    path: str
    image_size: int = Field(default=256, ge=16)
    manifest: ManifestParams = ManifestParams()
    text: TextCleaningParams = TextCleaningParams()
    near_duplicates: NearDuplicatesParams = NearDuplicatesParams()
