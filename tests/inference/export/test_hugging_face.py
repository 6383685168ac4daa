"""The exported folder loads in timm, open_clip and here."""

import json
import shutil

import open_clip
import pytest
import timm
import torch
from timm.data.config import resolve_model_data_config
from transformers import AutoModel

import pacl_core
from pacl_core.errors import UserError
from pacl_core.inference.export.hugging_face import export_hugging_face
from pacl_core.inference.heads import features_sha256
from pacl_core.models.saved import LIBRARY_NAMES, load_model
from pacl_core.models.video_text import load_video_text


def images(size):
    return torch.linspace(-1, 1, 2 * 3 * size * size).view(2, 3, size, size)


TIMM = ["timm", "timm_vit", "embedded"]


@pytest.mark.parametrize("kind", TIMM)
def test_timm_loads_the_folder_with_its_preprocessing(saved, tmp_path, kind):
    export_hugging_face(saved(kind), tmp_path / "hub")
    network = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()
    network.reset_classifier(0)
    backbone = load_model(saved(kind))
    size = backbone.preprocess.size
    with torch.no_grad():
        torch.testing.assert_close(network(images(size)), backbone.module(images(size)), rtol=0, atol=0)
    config = resolve_model_data_config(network)
    assert tuple(config["input_size"]) == (3, size, size)
    assert (tuple(config["mean"]), tuple(config["std"])) == (
        backbone.preprocess.mean,
        backbone.preprocess.std,
    )
    assert int(size / config["crop_pct"]) == backbone.preprocess.resize


@pytest.mark.parametrize("kind", TIMM)
def test_transformers_loads_the_folder(saved, tmp_path, kind):
    export_hugging_face(saved(kind), tmp_path / "hub")
    network = AutoModel.from_pretrained(tmp_path / "hub").eval()
    backbone = load_model(saved(kind))
    size = backbone.preprocess.size
    with torch.no_grad():
        found = network(pixel_values=images(size)).pooler_output
        torch.testing.assert_close(found, backbone.module(images(size)), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["timm", "open_clip"])
def test_weights_are_in_the_folder_once(saved, tmp_path, kind):
    names = export_hugging_face(saved(kind), tmp_path / "hub")
    assert [name for name in names if name.endswith((".safetensors", ".bin"))] == sorted(
        [LIBRARY_NAMES[kind], "projectors.safetensors"]
    )
    card = json.loads((tmp_path / "hub/model.json").read_text())
    assert set(card["files"]) == {LIBRARY_NAMES[kind], "projectors.safetensors"}
    assert features_sha256(tmp_path / "hub") == features_sha256(saved(kind))
    with (tmp_path / "hub" / LIBRARY_NAMES[kind]).open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\0")
    with pytest.raises(UserError, match="damaged or replaced"):
        load_model(tmp_path / "hub")


def test_an_exported_model_is_exported_again_as_it_is(saved, tmp_path):
    names = export_hugging_face(saved("timm"), tmp_path / "hub")
    assert export_hugging_face(tmp_path / "hub", tmp_path / "again") == names
    for name in ("model.json", "model.safetensors", "config.json"):
        assert (tmp_path / "hub" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_open_clip_loads_the_folder(saved, tmp_path):
    export_hugging_face(saved("open_clip"), tmp_path / "hub")
    network, _ = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path / 'hub'}")
    backbone = load_model(saved("open_clip"))
    with torch.no_grad():
        expected = backbone.module(images(32)) @ network.visual.proj
        torch.testing.assert_close(network.visual(images(32)), expected)


def test_open_clip_loads_the_whole_clip_of_a_model_of_clips(of_clips, video, tmp_path):
    names = export_hugging_face(of_clips, tmp_path / "hub")
    assert {"open_clip_model.safetensors", "temporal.safetensors", "model.json", "README.md"} < set(names)
    network, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path / 'hub'}")
    own = load_video_text(of_clips)
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'hub'}")(["a happy dog"])
    with torch.no_grad():
        found = network.encode_text(tokens, normalize=True)
        torch.testing.assert_close(found, own.text_features(own.tokens(["a happy dog"])))
        torch.testing.assert_close(network.visual(images(32)), own.clip.network.visual(images(32)))
    assert network.logit_scale == own.clip.network.logit_scale
    assert preprocess.transforms[0].size == 32
    ours = pacl_core.load(tmp_path / "hub", "cpu")
    assert (ours.embed(video) == pacl_core.load(of_clips, "cpu").embed(video)).all()
    card = (tmp_path / "hub/README.md").read_text()
    assert "for a clip of 4 frames or an image" in card and "PACL" not in card and "\n- emotionclip\n" in card


def test_a_model_of_clips_that_lacks_a_file_is_not_exported(of_clips, tmp_path):
    shutil.copytree(of_clips, tmp_path / "sap")
    (tmp_path / "sap/temporal.safetensors").unlink()
    with pytest.raises(UserError, match=r"temporal\.safetensors: missing"):
        export_hugging_face(tmp_path / "sap", tmp_path / "hub")
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize("kind", ["embedded", "timm", "open_clip"])
def test_it_is_a_saved_model_still(saved, tmp_path, kind):
    export_hugging_face(saved(kind), tmp_path / "hub")
    ours, before = (pacl_core.load(folder, "cpu") for folder in (tmp_path / "hub", saved(kind)))
    size = before.preprocess.size
    pixels = (images(size) * 127 + 128).to(torch.uint8).numpy()
    assert (ours.features(pixels) == before.features(pixels)).all()
    assert ours.preprocess == before.preprocess


def test_a_second_export_replaces_the_first_with_the_same_bytes(saved, tmp_path):
    names = export_hugging_face(saved("timm"), tmp_path / "hub")
    first = {name: (tmp_path / "hub" / name).read_bytes() for name in names}
    assert {
        "README.md",
        "config.json",
        "preprocessor_config.json",
        "model.safetensors",
        "model.json",
    } < set(first)
    export_hugging_face(saved("timm"), tmp_path / "hub")
    assert first == {name: (tmp_path / "hub" / name).read_bytes() for name in names}


def test_other_peoples_files_are_left_alone(saved, tmp_path):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        export_hugging_face(saved("timm"), tmp_path / "hub")
    with pytest.raises(UserError, match="the saved model itself"):
        export_hugging_face(saved("timm"), saved("timm"))
    assert (tmp_path / "hub/thesis.tex").read_text() == "mine"


def test_the_preprocessing_is_that_of_transformers(saved, tmp_path):
    """Pixels of CLIPImageProcessor are ours, up to rounding of its resize."""
    import numpy as np
    from PIL import Image
    from transformers import AutoImageProcessor

    export_hugging_face(saved("timm"), tmp_path / "hub")
    processor = AutoImageProcessor.from_pretrained(tmp_path / "hub", use_fast=False)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8))
    theirs = processor(image, return_tensors="pt")["pixel_values"]
    preprocess = load_model(saved("timm")).preprocess
    ours = preprocess.normalise(torch.from_numpy(preprocess.pixels(image))[None])
    assert theirs.shape == ours.shape
    assert float((theirs - ours).abs().mean()) < 0.05
