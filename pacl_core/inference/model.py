"""A saved model ready to use: images and clips to vectors, and with class names to probabilities."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from pacl_core.datasets.clip_frames import Taking
from pacl_core.encoding.images import ClipTask
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.zero_shot import class_probabilities
from pacl_core.extras import unimportable
from pacl_core.files.json_csv import read_json
from pacl_core.inference.class_vectors import class_vectors
from pacl_core.inference.clips import Clip, stored_clip, stored_spans
from pacl_core.inference.given import EMOTIONS, PROMPTS, Cut, Edges, check_classes, check_model, is_video
from pacl_core.inference.images import ImageLike, ModelInput, Pixels, Stored, stored_image, stored_side
from pacl_core.models.frozen import FrozenBackbone, freeze
from pacl_core.models.joint_space import JointSpace, load_joint_space
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, knows_clips, load_model
from pacl_core.runtime.settings import runtime

if TYPE_CHECKING:  # they load open_clip, which takes seconds and is for models of clips
    from pacl_core.encoding.subjects import TellingEncoder
    from pacl_core.models.video_text import VideoText

Vectors = NDArray[np.float32]
Probabilities = NDArray[np.float64]
InputLike = ImageLike | Clip

# corpora whose images are not photographs, by reader
_DRAWN = {"openmoji": "emoji drawings", "scenes": "scenes put together from emoji drawings"}
CLIP_FRAMES = 8  # of a clip that a model of images sees, as data sets of clips store


class Prepared(NamedTuple):
    """An input as a model takes it: uint8 pixels [T, 3, S, S] of its frames, and for a model of clips the
    shares [T, P] of their patches that the subject covers."""

    pixels: Pixels
    shares: NDArray[np.float32]
    clip: bool


class ClipNetwork(nn.Module):
    """Normalised float32 `[B, 3, S, S]` of images, or `[B, T, 3, S, S]` of clips -> unit vectors `[B, E]`.

    `coverage` [B, P] or [B, T, P]: the share of each patch that the subject covers; None: nobody is meant.
    """

    def __init__(self, model: "VideoText") -> None:
        super().__init__()
        self.visual, self.subject, self.temporal = model.clip.network.visual, model.subject, model.temporal
        self._model = model

    def forward(self, images: Tensor, coverage: Tensor | None = None) -> Tensor:
        if coverage is None:
            coverage = images.new_zeros(*images.shape[:-3], self.subject.patches)
        encode = self._model.clip_features if images.dim() == 5 else self._model.image_features
        return encode(images, coverage)


@dataclass(frozen=True, repr=False)
class SavedModel:
    """A model in evaluation mode, its preprocessing, and the space that its inputs share with texts.

    Inputs are images (paths, encoded bytes, Pillow images, arrays [H, W, 3] or tensors [3, H, W], of uint8 or
    of floats from 0 to 1) and clips (paths of videos, `Clip`). One that cannot be read raises
    `UnusableError`. The vector of a clip is the mean of its frames', of a model of clips (EmotionCLIP) what
    its temporal head makes of them; such a model may be told by boxes which person is meant.

    `module`: normalised float32 `[B, 3, size, size]` -> features `[B, dim]`.
    """

    folder: Path
    encoder: "FrozenBackbone | TellingEncoder"
    module: nn.Module
    device: str
    batch: int

    def __repr__(self) -> str:
        kind = "clips" if self.told else "images"
        return f"SavedModel({str(self.folder)!r}, of {kind}, dim={self.dim}, device={self.device!r})"

    @property
    def told(self) -> bool:
        """Whether this is a model of clips, which boxes tell who is meant."""
        return not isinstance(self.encoder, FrozenBackbone)

    @property
    def preprocess(self) -> Preprocess:
        """`pixels(image)` resizes and crops, `normalise(pixels)` makes the module's input."""
        if not isinstance(self.encoder, FrozenBackbone):
            return self.encoder.model.clip.preprocess
        return self.encoder.preprocess

    @property
    def transform(self) -> ModelInput:
        """For a torch `Dataset`: an image in any form -> the module's input `[3, size, size]` float32."""
        return ModelInput(self.preprocess)

    @property
    def dim(self) -> int:
        """Length of a feature vector."""
        if not isinstance(self.encoder, FrozenBackbone):
            return self.encoder.model.clip.dim
        return self.encoder.dim

    @property
    def taking(self) -> Taking:
        """How many frames of a clip the model sees, and their short side as stored."""
        frames = CLIP_FRAMES if isinstance(self.encoder, FrozenBackbone) else self.encoder.frames
        return Taking(frames, stored_side(self.preprocess))

    def caveat(self) -> str | None:
        """What the model was trained on, in words, where that is not photographs."""
        corpus = ((read_json(self.folder / CARD) or {}).get("training") or {}).get("corpus")
        if not isinstance(corpus, dict) or corpus.get("reader") not in _DRAWN:
            return None
        what = f"{corpus['pairs']:,} pairs of texts and {_DRAWN[corpus['reader']]}"
        return f"{self.folder} was trained on {what}; do not rely on what it says about photographs"

    def embed(
        self, inputs: InputLike | Iterable[InputLike], boxes: Sequence[Sequence[Edges]] | None = None
    ) -> Vectors:
        """Features `[N, dim]` float32 of an input, or several, as in the pipeline: pooled, not scaled to unit
        length; of a model of clips, unit vectors of the joint space.

        `boxes`: of each input, (left, top, right, bottom) of those who are meant, in pixels as shown.
        """
        given = [inputs] if _is_one(inputs) else inputs
        prepared = map(self.prepared, self._stored(given, boxes))  # type: ignore[arg-type]
        blocks = []
        while block := list(islice(prepared, self.batch)):
            blocks.append(self.encode(block))
        return np.concatenate(blocks) if blocks else np.empty((0, self.dim), np.float32)

    def classify(
        self,
        inputs: InputLike | Iterable[InputLike],
        labels: Sequence[str] = EMOTIONS,
        prompts: Sequence[str] = PROMPTS,
        *,
        boxes: Sequence[Sequence[Edges]] | None = None,
    ) -> Probabilities:
        """Zero-shot probabilities `[N, len(labels)]` (paper Table 3): softmax of cosine / temperature.

        Each label takes the place of [C] in the prompts; of several prompts the mean of their vectors is
        used. Raises `UserError` for a model without a way from images to texts, fewer than two labels, no
        [C].
        """
        vectors = self.class_vectors(labels, prompts)
        return self.probabilities(self.embed(inputs, boxes), vectors)

    def read(self, path: Path, cut: Cut) -> Iterator[tuple[tuple[float, float] | None, Prepared]]:
        """An image file, or the spans of a video, each with its seconds. Raises `UnusableError`."""
        self.check_boxes(cut.boxes)
        if is_video(path):
            for stored in stored_spans(path, cut, self.taking):
                yield stored.span, self.prepared(stored)
        else:
            yield None, self.prepared(stored_image(path, self.taking.short_side, cut.boxes))

    def prepared(self, stored: Stored) -> Prepared:
        """What `encode` takes, of a stored image or clip."""
        if not isinstance(self.encoder, FrozenBackbone):
            return Prepared(*self.encoder.told(stored.frames, stored.boxes), stored.clip)
        pixels = ClipTask(len(stored.frames)).prepare(self.encoder, [stored.frames])
        return Prepared(pixels, np.empty((len(pixels), 0), np.float32), stored.clip)

    def encode(self, several: Sequence[Prepared]) -> Vectors:
        """Features `[N, dim]`, in at most as many frames a step as its batch allows."""
        found = np.empty((len(several), self.dim), np.float32)
        for clip in (False, True):
            places = [place for place, one in enumerate(several) if one.clip is clip]
            size = max(1, self.batch // self.taking.frames) if clip else self.batch
            for start in range(0, len(places), size):
                block = places[start : start + size]
                pixels = np.concatenate([several[place].pixels for place in block])
                shares = np.concatenate([several[place].shares for place in block])
                found[block] = self._encode(Prepared(pixels, shares, clip))
        return found

    def features(self, pixels: Pixels) -> Vectors:
        """Features `[B, dim]` of uint8 `[B, 3, size, size]`, of images in which nobody is marked."""
        patches = self.module.subject.patches if isinstance(self.module, ClipNetwork) else 0
        shares = np.zeros((len(pixels), patches), np.float32)
        return self._encode(Prepared(pixels, shares, clip=False))

    def joint(self, features: Vectors) -> Vectors:
        """Unit vectors `[N, E]` in the space shared with texts, of features."""
        return self._space.images(features)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors `[N, E]` of texts, in the space that they share with images.

        Raises `UserError` for a model without such a space.
        """
        if isinstance(texts, str):
            texts = [texts]
        space, starts = self._space, range(0, len(texts), self.batch)
        blocks = [space.texts(list(texts[start : start + self.batch])) for start in starts]
        return np.concatenate(blocks) if blocks else np.empty((0, space.texts(["a"]).shape[1]), np.float32)

    def similarity(self, inputs: InputLike | Iterable[InputLike], texts: Sequence[str]) -> Vectors:
        """Cosines `[N, M]` of images or clips with texts, for search: the larger, the nearer.

        Raises `UserError` for a model without a space that both share.
        """
        found: Vectors = self.joint(self.embed(inputs)) @ self.embed_texts(texts).T
        return found

    def push_to_hub(self, repository: str, *, private: bool = False, revision: str | None = None) -> str:
        """Upload to the Hugging Face Hub what `pacl export hf` writes; returns the address of the commit.

        `revision`: a branch. Log in with `hf auth login` before. Raises `UserError` where the hub refuses.
        """
        from pacl_core.inference.hub import push

        return push(self.folder, repository, private=private, revision=revision)

    def class_vectors(self, labels: Sequence[str], prompts: Sequence[str] = PROMPTS) -> Vectors:
        """Unit vectors `[C, E]` of class names."""
        check_classes(labels, prompts)
        return class_vectors(self.folder, self._space, labels=labels, prompts=prompts, device=self.device)

    def probabilities(self, features: Vectors, class_vectors: Vectors) -> Probabilities:
        """Softmax `[N, C]` over classes of cosine / temperature, as zero-shot evaluation computes it."""
        return class_probabilities(self.joint(features), class_vectors, self._space.scale)

    def check_boxes(self, boxes: Sequence[object]) -> None:
        """Raise `UserError` for boxes where the model cannot be told who is meant."""
        if boxes and not self.told:
            raise UserError(f"{self.folder}: a model of whole images, which takes no boxes; leave them out")

    def _encode(self, whole: Prepared) -> Vectors:
        if not isinstance(self.encoder, FrozenBackbone):
            from pacl_core.encoding.subjects import Told

            return self.encoder.encode(Told(whole.pixels, whole.shares), clips=whole.clip)
        if whole.clip:
            return ClipTask(self.taking.frames).encode(self.encoder, whole.pixels)
        return self.encoder.encode_pixels(whole.pixels)

    def _stored(
        self, inputs: Iterable[InputLike], boxes: Sequence[Sequence[Edges]] | None
    ) -> Iterator[Stored]:
        pairs: Iterable[tuple[InputLike, Sequence[Edges]]] = zip(inputs, repeat(()), strict=False)
        if boxes is not None:
            self.check_boxes(boxes)
            given = list(inputs)
            if len(boxes) != len(given):
                raise UserError(f"boxes: {len(boxes)} lists for {len(given)} inputs")
            pairs = zip(given, boxes, strict=True)
        for one, own in pairs:
            if isinstance(one, str | PathLike) and is_video(one):
                one = Clip(one)
            if isinstance(one, Clip):
                self.check_boxes(one.boxes or ())
                yield stored_clip(one, self.taking, own)
            else:
                yield stored_image(one, self.taking.short_side, own)

    @property
    def shares_space(self) -> bool:
        """Whether there is a way from its inputs to texts."""
        return self._loaded_space is not None

    @property
    def _space(self) -> JointSpace:
        if self._loaded_space is None:
            raise UserError(
                f"{self.folder}: no projectors and no CLIP, so its images share no space with texts; "
                "use the trained model (models/pacl)"
            )
        return self._loaded_space

    @cached_property
    def _loaded_space(self) -> JointSpace | None:
        return load_joint_space(self.folder, self.device)


def _is_one(inputs: object) -> bool:
    if isinstance(inputs, np.ndarray | torch.Tensor):
        return inputs.ndim <= 3
    return isinstance(inputs, str | PathLike | bytes | Image.Image | Clip)


def load_saved_model(
    folder: str | PathLike[str], device: str | None = None, batch: int | None = None
) -> SavedModel:
    """Load a saved model, of a folder or of the hub (`inference.hub.model_folder`). Its text encoder is
    loaded when first needed.

    `batch`: images or frames a step, by default that of the machine's settings.
    """
    path = Path(folder)
    if not path.is_dir():
        from pacl_core.inference.hub import model_folder

        path = model_folder(folder)
    check_model(path)
    if device is None or batch is None:
        machine = runtime()
        device, batch = device or machine.device, batch or machine.batch
    if knows_clips(path):
        from pacl_core.encoding.subjects import load_telling_encoder

        telling = load_telling_encoder(path, device)
        return SavedModel(path, telling, ClipNetwork(telling.model).eval(), device, batch)
    with unimportable("wandb"):  # timm, which open_clip imports, would load it, for scripts of training
        backbone = load_model(path)
    return SavedModel(path, freeze(backbone, device), backbone.module, device, batch)
