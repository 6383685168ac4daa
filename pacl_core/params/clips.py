"""The sections of clips: corpora of video and text, and the models that are run over them once."""

from typing import Literal

from pydantic import Field

from pacl_core.params.models import Precision
from pacl_core.params.pairs import TextCleaningParams
from pacl_core.params.section import Section


class ClipManifestParams(Section):
    """Columns of a manifest of clips. `file` names it inside `clips.<name>.path` if that is a folder.

    `video` is a column of paths relative to the manifest; `start` and `end` are in seconds. `id` null: the
    row's number.
    """

    file: str | None = None
    video: str = "video"
    start: str = "start"
    end: str = "end"
    text: str = "text"
    id: str | None = None
    boxes: str | None = None


class ClipsParams(Section):
    """One corpus of clips: its reader, the short side of stored frames, and how they are chosen.

    Frames are taken at multiples of 1 / `fps` seconds. `frames` of them, evenly spaced over the clip, are
    stored; null stores all. `exclude` lists names of videos to leave out.
    """

    reader: str
    path: str
    image_size: int = Field(default=256, ge=16)
    fps: float = Field(default=8, gt=0, le=240)
    frames: int | None = Field(default=16, ge=1, le=4096)
    text: TextCleaningParams = TextCleaningParams()
    manifest: ClipManifestParams = ClipManifestParams()
    exclude: tuple[str, ...] = ()


class ClassifierParams(Section):
    """A text classifier whose logits are a text's sentiment; see `pacl_core.params.models`."""

    kind: Literal["hf_classifier", "nade"]
    name: str
    weights: str | None = None
    sha256: str | None = None
    max_length: int = Field(default=77, ge=2)
    precision: Precision = "float32"


class SentimentParams(Section):
    """Which model gives the sentiment of texts."""

    model: ClassifierParams = ClassifierParams(kind="nade", name="socialmedia_en")


class PersonsParams(Section):
    """Where boxes of persons come from: the corpus, a detector, or nowhere.

    `name`: the detector's, as torchvision calls it; `weights`: its file. Boxes below `score` are not stored.
    """

    kind: Literal["given", "torchvision", "none"] = "given"
    name: str = "fasterrcnn_resnet50_fpn"
    weights: str | None = None
    sha256: str | None = None
    score: float = Field(default=0.25, ge=0, le=1)


class ClipFilterParams(Section):
    """Which clips are trained on; every bound is checked without a model or a video.

    A clip is longer than `min_seconds` and shorter than `max_seconds`; its text has at least `min_text`
    characters; its probability of the class neutral is at most `max_neutral` (null: not asked); it has at
    least `min_frames` frames, and a person in at least `min_person_share` of them, by boxes scored above
    `box_score`.
    """

    min_seconds: float = Field(default=2, ge=0)
    max_seconds: float = Field(default=10, gt=0)
    min_text: int = Field(default=3, ge=0)
    max_neutral: float | None = Field(default=0.05, ge=0, le=1)
    min_frames: int = Field(default=8, ge=1)
    min_person_share: float = Field(default=0, ge=0, le=1)
    box_score: float = Field(default=0.5, ge=0, le=1)
