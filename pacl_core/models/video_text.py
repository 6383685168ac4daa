"""A model of clips and texts: CLIP's two towers, a subject for its frames, a head over them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from open_clip.model import CLIP
from open_clip.transformer import text_global_pool
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import normalize

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.models.backbones import Backbone
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, OF_CLIPS, check_saved, save_model, weights_name
from pacl_core.models.subject.encoder import Subject
from pacl_core.models.temporal import TemporalHead
from pacl_core.models.weights import load_state, weights_file, weights_sha256
from pacl_core.params.models import BackboneParams
from pacl_core.params.video_text import SubjectParams, TemporalParams

log = logging.getLogger("pacl")

TEMPORAL, SUBJECT = "temporal.safetensors", "subject.safetensors"


@dataclass(frozen=True)
class VideoText:
    """`clip`: the whole CLIP. `subject` and `temporal` own what they add to it.

    B clips of T frames, P patches, joint space of E dimensions.
    """

    clip: ClipModel
    subject: Subject
    temporal: TemporalHead
    params: tuple[SubjectParams, TemporalParams]

    @property
    def patch(self) -> int:
        """Pixels of a patch's side."""
        return int(self.clip.network.visual.patch_size[0])

    def frame_features(self, images: Tensor, coverage: Tensor) -> Tensor:
        """`images` [N, 3, H, W] normalised, `coverage` [N, P] -> [N, E], not normalised."""
        features: Tensor = self.subject(self.clip.network.visual, images, coverage)
        return features

    def image_features(self, images: Tensor, coverage: Tensor) -> Tensor:
        """Single images, which have no frames to join: [N, E] of unit length."""
        return normalize(self.frame_features(images, coverage), dim=1)

    def clip_features(self, frames: Tensor, coverage: Tensor) -> Tensor:
        """`frames` [B, T, 3, H, W] in order, `coverage` [B, T, P] -> [B, E] of unit length."""
        features = self.frame_features(frames.flatten(0, 1), coverage.flatten(0, 1))
        return normalize(self.temporal(features.view(*frames.shape[:2], -1)), dim=1)

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """`[N, context]` int64. A long text is cut before the end-of-text token, where features are read."""
        found: Tensor = self.clip.tokeniser(list(texts))
        return found

    def short_tokens(self, texts: Sequence[str]) -> Tensor:
        """As `tokens`, without the padding behind the longest text, where the model is blind to it."""
        tokens = self.tokens(texts)
        if not _reads_forwards(self.clip.network):
            return tokens
        return tokens[:, : int(tokens.any(dim=0).nonzero().max()) + 1].contiguous()

    def text_features(self, tokens: Tensor) -> Tensor:
        """`[N, context]`, or as `short_tokens` -> [N, E] of unit length."""
        network = self.clip.network
        whole = tokens.shape[1] == network.context_length
        return normalize(network.encode_text(tokens) if whole else _short_features(network, tokens), dim=1)


def _reads_forwards(network: Any) -> bool:
    """Whether no token of a text sees those after it, and features are read at its end: CLIP's own tower."""
    return isinstance(network, CLIP) and network.attn_mask is not None and network.text_pool_type == "argmax"


def _short_features(network: Any, tokens: Tensor) -> Tensor:
    """`encode_text` of `tokens` [N, L], L at most the context: open_clip's takes no fewer."""
    length, dtype = tokens.shape[1], network.transformer.get_cast_dtype()
    found = network.token_embedding(tokens).to(dtype) + network.positional_embedding[:length].to(dtype)
    found = network.ln_final(network.transformer(found, attn_mask=network.attn_mask[:length, :length]))
    read = text_global_pool(found, tokens, network.text_pool_type)
    projection = network.text_projection
    projected: Tensor = projection(read) if isinstance(projection, nn.Linear) else read @ projection
    return projected


def make_video_text(
    clip: ClipModel, subject: SubjectParams, temporal: TemporalParams, *, frames: int = 8, seed: int = 0
) -> VideoText:
    """CLIP as it is, with new weights of subject and head. Raises `UserError` where they do not fit it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        told = Subject(clip.network.visual, subject)
        head = TemporalHead(clip.dim, temporal, frames=frames)
    return VideoText(clip, told, head, (subject, temporal))


def load_published(model: VideoText, weights: str, sha256: str | None = None) -> None:
    """Give `model` the weights of a file of EmotionCLIP's own code, in place.

    It names CLIP's tensors `backbone.*`, the temporal head's `visual_head.*`, and has a `logit_scale` of its
    own, which is the one it was trained with. Raises `UserError` where it lacks a tensor of the model or has
    one of another shape; what the model has no place for is named in the log.
    """
    names = ["emotionclip.safetensors", "emotionclip_latest.pt", "emotionclip.pt"]
    path = weights_file(weights, sha256, names, hint="give the file that the authors of EmotionCLIP released")
    given = load_state(path)
    network, head = model.clip.network, model.temporal
    own = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    own |= {f"visual_head.{name}": tensor for name, tensor in head.state_dict().items()}
    own["logit_scale"] = own.pop("backbone.logit_scale")
    if missing := [name for name in own if name not in given]:
        raise UserError(
            f"{path}: lacks {len(missing)} tensors of the model: {_few(missing)}; is it EmotionCLIP's, of "
            "this architecture?"
        )
    if other := [f"{n} {list(given[n].shape)}" for n, t in own.items() if given[n].shape != t.shape]:
        raise UserError(
            f"{path}: has in another shape than the model: {_few(other)}; name its architecture, frames and "
            "temporal layers"
        )
    # a row of integers, and the scale that CLIP itself was trained with
    passed_over = ("visual_head.position_ids", "backbone.logit_scale")
    if unused := [name for name in given if name not in own and name not in passed_over]:
        log.info("%s: %d tensors that the model has no place for: %s", path, len(unused), _few(unused))
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])
    log.info("%s: %d tensors taken", path, len(own))


def save_video_text(
    folder: Path, model: VideoText, training: dict[str, Any] | None, *, origin: BackboneParams
) -> None:
    """Write the files of a model into an existing folder, the same bytes for the same weights.

    `backbone.safetensors` is the whole CLIP, which open_clip loads as it is. `origin`: what the model started
    from; `training`: a JSON value that says how it was trained.
    """
    network = model.clip.network
    backbone = Backbone(
        params=origin,
        module=network.visual,
        dim=model.clip.dim,
        preprocess=model.clip.preprocess,
        library="open_clip",
        state=lambda: _on_cpu(network.state_dict()),
        weights_sha256=model.clip.weights_sha256,
        configs={CONFIG: model.clip.config},
    )
    save_model(folder, backbone, training, projectors=None)
    written = {}
    for name, part in ((TEMPORAL, model.temporal), (SUBJECT, model.subject)):
        if state := _on_cpu(part.state_dict()):
            save_file(state, folder / name)
            written[name] = weights_sha256(folder / name)
    card = read_json(folder / CARD)
    subject, temporal = model.params
    card |= {
        "method": OF_CLIPS,
        "features": "joint",
        "subject": subject.model_dump(),
        "temporal": temporal.model_dump(),
        "frames": model.temporal.frames,
        "files": card["files"] | written,
    }
    write_json(folder / CARD, card)


def load_video_text(folder: Path) -> VideoText:
    """Rebuild a model from its folder alone. Raises `UserError` where a file is missing or changed."""
    weights = weights_name(folder)
    for name in (CARD, weights):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: missing; run the stage that writes it ('dvc repro')")
    card = read_json(folder / CARD)
    try:
        if card.get("method") != OF_CLIPS:
            raise UserError(f"{folder / CARD}: a model of images, not of clips")
        subject, temporal = SubjectParams(**card["subject"]), TemporalParams(**card["temporal"])
        preprocess, frames = Preprocess.from_json(card["preprocess"]), int(card["frames"])
        named = (card["name"], card["image_size"], card["initial_weights"]["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder / CARD}: not a model card of this project ({error!r}); write the model again"
        ) from None
    check_saved(folder, card, weights)
    loaded = load_clip(named[0], str(folder / weights), None, image_size=named[1])
    clip = ClipModel(loaded.network, loaded.tokeniser, preprocess, loaded.config, named[2])
    model = make_video_text(clip, subject, temporal, frames=frames)
    for name, part in ((TEMPORAL, model.temporal), (SUBJECT, model.subject)):
        if not part.state_dict():
            continue
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: missing; run the stage that writes it ('dvc repro')")
        check_saved(folder, card, name)
        try:
            part.load_state_dict(load_state(folder / name))
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(f"{folder / name}: {reason}; write the model again") from None
    model.subject.eval()
    model.temporal.eval()
    return model


def _on_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: state[name].detach().to("cpu", copy=True).contiguous() for name in sorted(state)}


def _few(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:3]) + (", .." if len(first) > 3 else "")
