"""A model of clips: the published values of the whole, its files, released weights, text that is too long."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.errors import UserError
from pacl_core.methods.emotionclip import sentiment_guided_loss
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.other_weights import backbone_with
from pacl_core.models.saved import knows_clips, load_model
from pacl_core.models.subject.coverage import as_boxes, coverage
from pacl_core.models.video_text import (
    VideoText,
    load_published,
    load_video_text,
    make_video_text,
    save_video_text,
)
from pacl_core.params.evaluation import VariantParams
from pacl_core.params.models import BackboneParams
from pacl_core.params.video_text import SubjectParams, TemporalParams
from tests.models.published_emotionclip import (
    assert_near,
    closed_form,
    closed_form_weights,
    fixture,
    numbers,
)
from tests.tiny_checkpoints import CLIP_PREPROCESS, write_tiny_open_clip

TEMPORAL = TemporalParams(layers=1, heads=2, width=32)
SUBJECT = SubjectParams()


@pytest.fixture
def origin(tmp_path: Path) -> BackboneParams:
    return BackboneParams(**write_tiny_open_clip(tmp_path / "clip"))


def tiny(origin: BackboneParams, subject: SubjectParams = SUBJECT, seed: int = 0) -> VideoText:
    clip = load_clip(origin.name, origin.weights, None)
    model = make_video_text(clip, subject, TEMPORAL, frames=4, seed=seed)
    model.subject.eval()
    model.temporal.eval()
    return model


def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shares = torch.from_numpy(coverage(as_boxes([[0, 0, 16, 20]]), 32, 16))
    return torch.randn(2, 4, 3, 32, 32, generator=generator), shares.expand(2, 4, -1)


def published_model(folder: Path, published: Any) -> tuple[VideoText, dict[str, Tensor]]:
    """The fixture's configuration, and the weights under the names of the published code."""
    config = {**published["config"], "quick_gelu": False}
    described = {"model_cfg": config, "preprocess_cfg": CLIP_PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(described))
    network = open_clip.create_model(f"local-dir:{folder}", load_weights=False, pretrained_text=False)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    clip = load_clip("fixture", str(folder), None)
    clip.network.double()
    model = make_video_text(clip, SUBJECT, TemporalParams(layers=1), frames=4)
    model.temporal.double().eval()
    like = {f"backbone.{name}": tensor for name, tensor in clip.network.state_dict().items()}
    like |= {f"visual_head.{name}": tensor for name, tensor in model.temporal.state_dict().items()}
    like["logit_scale"] = clip.network.logit_scale.detach()
    return model, closed_form_weights(published["state_names"], like)


def test_the_whole_has_the_published_features_and_loss(tmp_path: Path) -> None:
    published = fixture("whole")
    model, weights = published_model(tmp_path, published)
    weights["logit_scale"] = torch.tensor(math.log(1 / 0.07), dtype=torch.float64)
    weights["visual_head.position_ids"] = torch.arange(4)[None]
    assert set(weights) == set(published["state_names"])
    torch.save({"epoch": 25, "model": weights}, tmp_path / "emotionclip_latest.pt")
    load_published(model, str(tmp_path / "emotionclip_latest.pt"))

    def pixel(b: int, t: int, c: int, h: int, w: int) -> float:
        return math.sin(0.8 * b + 0.2 * t + 0.3 * c + 0.05 * h + 0.07 * w)

    def shares(b: int, t: int) -> Tensor:
        boxes = [] if b == 2 else [[2 * t, 4 + 3 * b, 2 * t + 12, 20 + 3 * b]]
        return torch.from_numpy(coverage(as_boxes(boxes), 32, 8))

    covered = torch.stack([torch.stack([shares(b, t) for t in range(4)]) for b in range(3)]).double()
    with torch.no_grad():
        video = model.clip_features(closed_form(pixel, 3, 4, 3, 32, 32), covered)
        text = model.text_features(torch.tensor(published["tokens"]))
    assert_near(video, normalize(numbers(published["video_features"]), dim=1).tolist(), 1e-8)
    assert_near(text, normalize(numbers(published["text_features"]), dim=1).tolist(), 1e-8)
    sentiment = closed_form(lambda i, k: 3 * math.sin(2 * i + 1.3 * k), 3, 7)
    scale = model.clip.network.logit_scale.exp()
    loss = sentiment_guided_loss(video @ text.T, sentiment, beta=10.0, scale=scale, kl="reverse")
    assert loss.item() == pytest.approx(published["loss"], abs=1e-9)


def test_its_parts_are_what_it_is_made_of(origin: BackboneParams) -> None:
    model = tiny(origin)
    frames, shares = inputs()
    with torch.no_grad():
        each = torch.stack([model.frame_features(frames[:, t], shares[:, t]) for t in range(4)], dim=1)
        torch.testing.assert_close(
            model.clip_features(frames, shares), normalize(model.temporal(each), dim=1)
        )
        torch.testing.assert_close(
            model.image_features(frames[:, 0], shares[:, 0]), normalize(each[:, 0], dim=1)
        )
        text = model.text_features(model.tokens(["a smile", "two smiles"]))
    torch.testing.assert_close(text.norm(dim=1), torch.ones(2))
    assert model.patch == 16


def test_a_text_that_is_too_long_keeps_the_end_token_that_it_is_read_at(origin: BackboneParams) -> None:
    model = tiny(origin)
    tokens = model.tokens(["word " * 100, "word"])
    end = int(tokens.max())
    assert tokens.shape == (2, 16)
    assert tokens[0, -1] == end and (tokens == end).sum(dim=1).tolist() == [1, 1]
    with torch.no_grad():
        longer = model.text_features(model.tokens(["word " * 14, "word " * 15, "word " * 13]))
    torch.testing.assert_close(longer[0], longer[1])
    assert not torch.allclose(longer[0], longer[2])


def test_without_padding_a_text_has_the_same_features_and_gradients(origin: BackboneParams) -> None:
    model = tiny(origin)
    model.clip.network.double()
    texts = ["a smile", "two smiles, and more", "a"]
    whole, short = model.tokens(texts), model.short_tokens(texts)
    assert whole.shape == (3, 16)
    assert short.shape[1] < 16
    assert torch.equal(whole[:, : short.shape[1]], short) and not whole[:, short.shape[1] :].any()
    assert short[:, -1].any()
    table = model.clip.network.token_embedding.weight
    found = []
    for tokens in (whole, short):
        features = model.text_features(tokens)
        (gradient,) = torch.autograd.grad(features[:, 0].sum(), table)
        found.append((features, gradient))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
    assert model.short_tokens(["word " * 100]).shape == (1, 16)


@pytest.mark.parametrize("change", ["attn_mask", "text_pool_type"])
def test_where_padding_is_seen_it_stays(origin: BackboneParams, change: str) -> None:
    model = tiny(origin)
    setattr(model.clip.network, change, None if change == "attn_mask" else "last")
    assert model.short_tokens(["a"]).shape == (1, 16)


def test_both_towers_get_gradients(origin: BackboneParams) -> None:
    model = tiny(origin, SubjectParams(kind="saam"))
    frames, shares = inputs()
    similarity = model.clip_features(frames, shares) @ model.text_features(model.tokens(["a", "b c"])).T
    sentiment_guided_loss(similarity, torch.eye(2), scale=model.clip.network.logit_scale.exp()).backward()
    parts = (model.clip.network, model.subject, model.temporal)
    assert all(parameter.grad is not None for part in parts for parameter in part.parameters())


@pytest.mark.parametrize("kind", ["sap", "saam", "none"])
def test_saved_and_loaded_it_is_the_same(tmp_path: Path, origin: BackboneParams, kind: Any) -> None:
    model = tiny(origin, SubjectParams(kind=kind))
    with torch.no_grad():
        model.clip.network.logit_scale.fill_(1.5)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        save_video_text(folder, model, {"epochs": 3}, origin=origin)
    loaded = load_video_text(folders[0])
    frames, shares = inputs()
    with torch.no_grad():
        torch.testing.assert_close(
            loaded.clip_features(frames, shares), model.clip_features(frames, shares), rtol=0, atol=0
        )
    assert loaded.clip.network.logit_scale.item() == 1.5
    files = {file.name: file.read_bytes() for file in folders[0].iterdir()}
    assert files == {file.name: file.read_bytes() for file in folders[1].iterdir()}
    assert ("subject.safetensors" in files) is (kind == "saam")
    again = tmp_path / "again"
    again.mkdir()
    save_video_text(again, loaded, {"epochs": 3}, origin=origin)
    assert files == {file.name: file.read_bytes() for file in again.iterdir()}


def test_open_clip_and_the_plain_backbone_load_its_file(tmp_path: Path, origin: BackboneParams) -> None:
    model = tiny(origin)
    save_video_text(tmp_path, model, None, origin=origin)
    network = open_clip.create_model(f"local-dir:{tmp_path}", load_weights=False)
    network.load_state_dict(load_file(tmp_path / "backbone.safetensors"))
    assert load_model(tmp_path).dim == 32  # before the projection, as of any saved model
    card = json.loads((tmp_path / "model.json").read_text())
    assert (card["method"], card["features"], card["frames"]) == ("emotionclip", "joint", 4)
    assert knows_clips(tmp_path)


def test_a_folder_that_is_not_whole_is_one_clear_line(tmp_path: Path, origin: BackboneParams) -> None:
    save_video_text(tmp_path, tiny(origin), None, origin=origin)

    def damaged(name: str, change: Any) -> Path:
        folder = tmp_path.parent / f"{tmp_path.name}-{name}"
        shutil.copytree(tmp_path, folder)
        change(folder)
        return folder

    def edit(folder: Path, **keys: object) -> None:
        card = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps(card | keys))

    def other_bytes(folder: Path) -> None:
        data = bytearray((folder / "temporal.safetensors").read_bytes())
        data[-1] ^= 1
        (folder / "temporal.safetensors").write_bytes(data)

    cases = {
        "no-card": (lambda f: (f / "model.json").unlink(), r"model\.json: missing"),
        "no-head": (lambda f: (f / "temporal.safetensors").unlink(), r"temporal\.safetensors: missing"),
        "changed": (other_bytes, r"temporal\.safetensors: damaged or replaced"),
        "images": (lambda f: edit(f, method=None), "a model of images, not of clips"),
        "card": (lambda f: edit(f, subject={"kind": "box"}), "not a model card of this project"),
        "frames": (lambda f: edit(f, frames=5), "size mismatch"),
    }
    for name, (change, message) in cases.items():
        with pytest.raises(UserError, match=message):
            load_video_text(damaged(name, change))


def released(model: VideoText) -> dict[str, Tensor]:
    state = {f"backbone.{name}": t.clone() for name, t in model.clip.network.state_dict().items()}
    state |= {f"visual_head.{name}": t.clone() for name, t in model.temporal.state_dict().items()}
    return state | {"logit_scale": torch.tensor(2.0), "visual_head.position_ids": torch.arange(4)[None]}


def test_released_names_load_strictly(
    tmp_path: Path, origin: BackboneParams, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="pacl")
    theirs, ours = tiny(origin, seed=1), tiny(origin, seed=0)
    path = tmp_path / "emotionclip_latest.pt"
    torch.save(
        {"model": {f"module.{n}": t for n, t in (released(theirs) | {"extra": torch.ones(1)}).items()}}, path
    )
    load_published(ours, str(path))
    assert "1 tensors that the model has no place for: extra" in caplog.text
    assert ours.clip.network.logit_scale.item() == 2.0
    frames, shares = inputs()
    with torch.no_grad():
        torch.testing.assert_close(ours.clip_features(frames, shares), theirs.clip_features(frames, shares))
    short = {name: t for name, t in released(theirs).items() if name != "backbone.ln_final.bias"}
    torch.save({"model": short}, path)
    with pytest.raises(UserError, match=r"lacks 1 tensors of the model: backbone\.ln_final\.bias"):
        load_published(ours, str(path))
    torch.save({"model": released(theirs) | {"logit_scale": torch.ones(2)}}, path)
    with pytest.raises(UserError, match=r"another shape than the model: logit_scale \[2\]"):
        load_published(ours, str(path))


def test_released_names_load_as_a_plain_backbone_too(tmp_path: Path, origin: BackboneParams) -> None:
    """As the row "EmotionCLIP" of PACL's Table 1: `variants` with the prefix `backbone.`."""
    theirs = tiny(origin)
    with torch.no_grad():
        theirs.clip.network.visual.ln_post.bias.add_(1.0)
    torch.save({"model": released(theirs)}, tmp_path / "released.pt")
    variant = VariantParams(weights=str(tmp_path / "released.pt"), prefix="backbone.")
    found = backbone_with(origin, variant).module.state_dict()
    torch.testing.assert_close(found["ln_post.bias"], theirs.clip.network.visual.ln_post.bias.detach())
