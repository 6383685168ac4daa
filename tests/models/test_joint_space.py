"""The space that a saved CLIP's images share with texts is CLIP's own."""

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.models.backbones import load_backbone
from pacl_core.models.joint_space import load_joint_space, text_encoder_params
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.saved import save_model
from pacl_core.models.video_text import make_video_text, save_video_text
from pacl_core.params.models import BackboneParams, TextEncoderParams
from pacl_core.params.video_text import SubjectParams, TemporalParams
from tests.tiny_checkpoints import CLIP_TOWERS, write_tiny_open_clip, write_tiny_timm_resnet


@pytest.mark.parametrize("tower", CLIP_TOWERS)
def test_images_and_texts_of_a_saved_clip(tmp_path: Path, tower: str) -> None:
    params = write_tiny_open_clip(tmp_path / "published", tower)
    backbone = load_backbone(BackboneParams(**params))
    save_model(tmp_path, backbone, None, projectors=None)
    space = load_joint_space(tmp_path, "cpu")
    assert space is not None
    whole = open_clip.create_model(f"local-dir:{tmp_path / 'published'}").eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'published'}")(["a happy dog"])
    images = torch.linspace(-1, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32)
    with torch.no_grad():
        features = backbone.module(images).numpy()
        np.testing.assert_allclose(
            space.images(features), whole.encode_image(images, normalize=True), atol=1e-5
        )
        np.testing.assert_allclose(
            space.texts(["a happy dog"]), whole.encode_text(tokens, normalize=True), atol=1e-5
        )
        assert space.scale == pytest.approx(float(whole.logit_scale.exp()))


def test_features_of_a_model_of_clips_are_in_the_space_already(tmp_path: Path) -> None:
    """Its tower is as wide as the space in the embedded preset, so a second projection would not show."""
    origin = BackboneParams(**write_tiny_open_clip(tmp_path / "published"))
    clip = load_clip(origin.name, origin.weights, None)
    head = TemporalParams(layers=1, heads=2, width=32)
    model = make_video_text(clip, SubjectParams(), head, frames=4)
    save_video_text(tmp_path, model, None, origin=origin)
    space = load_joint_space(tmp_path, "cpu")
    assert space is not None
    features = np.random.default_rng(0).normal(size=(3, clip.dim)).astype(np.float32)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(space.images(features), unit, atol=1e-6)
    with torch.no_grad():
        expected = model.text_features(model.tokens(["a happy dog"]))
    np.testing.assert_allclose(space.texts(["a happy dog"]), expected, atol=1e-5)


def test_a_backbone_alone_shares_no_space_with_texts(tmp_path: Path) -> None:
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path / "published")))
    save_model(tmp_path, backbone, None, projectors=None)
    assert load_joint_space(tmp_path, "cpu") is None


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.json: missing; run the stage"):
        load_joint_space(tmp_path, "cpu")


def test_weights_are_looked_for_in_the_project_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = TextEncoderParams(kind="hf", name="x", weights="data/weights/x")
    (tmp_path / "project/data/weights/x").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    card = {"text_encoder": named.model_dump()}
    found = text_encoder_params(tmp_path / "project/models/pacl", card)
    assert found.weights == str(tmp_path / "project/data/weights/x")
    assert (
        text_encoder_params(Path("/model"), card) == named
    )  # a model directly below the root has no project
