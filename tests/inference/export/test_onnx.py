"""An ONNX file gives the network's own vectors, whatever the number of images."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import pacl_core
from pacl_core.encoding.subjects import Told
from pacl_core.errors import UserError
from pacl_core.inference.export import onnx as exporting
from pacl_core.inference.export.onnx import export_onnx
from pacl_core.inference.images import model_pixels
from pacl_core.models.saved import load_model
from pacl_core.models.subject.coverage import as_boxes, coverage
from tests.small_run import drawing
from tests.tiny_checkpoints import write_tiny_clip_model

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")
pytest.importorskip("onnxscript", reason="the extra 'export' is not installed")


def pixels_of(folder, images):
    preprocess = load_model(folder).preprocess
    return np.stack([model_pixels(one, preprocess) for one in images])


@pytest.mark.parametrize(
    "kind",
    [
        "timm",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("embedded", "timm_vit", "open_clip")),
    ],
)
def test_outputs_are_the_networks(saved, photographs, tmp_path, kind):
    folder, out = saved(kind), tmp_path / "model.onnx"
    pixels = pixels_of(folder, photographs)
    done = export_onnx(folder, out, pixels)
    assert (done.outputs, done.images) == (("features", "joint"), len(photographs))
    assert done.difference <= 1e-4
    session = onnxruntime.InferenceSession(out)
    backbone = load_model(folder)
    q_v = load_file(folder / "projectors.safetensors")["image.weight"]
    for count in (1, 5):
        features, joint = session.run(None, {"pixels": pixels[:count]})
        with torch.no_grad():
            expected = backbone.module(backbone.preprocess.normalise(torch.from_numpy(pixels[:count])))
            projected = torch.nn.functional.normalize(expected @ q_v.T, dim=1)
        np.testing.assert_allclose(features, expected.numpy(), atol=1e-4 * float(expected.abs().max()))
        np.testing.assert_allclose(joint, projected.numpy(), atol=1e-4)
    onnx.checker.check_model(out)
    described = {entry.key: json.loads(entry.value) for entry in onnx.load(out).metadata_props}
    assert described["pacl"]["preprocess"] == backbone.preprocess.to_json()
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_file_that_says_something_else_is_not_written(saved, tmp_path, monkeypatch):
    real = exporting._onnxruntime
    monkeypatch.setattr(exporting, "_onnxruntime", lambda *args: [one * 1.001 for one in real(*args)])
    with pytest.raises(UserError, match="onnxruntime's outputs differ by"):
        export_onnx(
            saved("timm"), tmp_path / "model.onnx", pixels_of(saved("timm"), [drawing(0), drawing(1)])
        )
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(saved, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"needs onnxruntime; pip install -e '\.\[export\]'"):
        export_onnx(saved("timm"), tmp_path / "model.onnx", np.zeros((1, 3, 64, 64), np.uint8))


@pytest.fixture(scope="module")
def of_clips(tmp_path_factory):
    """A function from a kind of subject to the folder of a model of clips."""
    root = tmp_path_factory.mktemp("clips")
    return lambda kind: write_tiny_clip_model(root / kind, kind)


def test_a_learnt_subject_token_is_said_not_to_be_exported(of_clips, tmp_path):
    with pytest.raises(UserError, match="subject 'saam' cannot be exported to ONNX; 'pacl export hf'"):
        export_onnx(of_clips("saam"), tmp_path / "clips.onnx", np.zeros((1, 3, 32, 32), np.uint8))
    assert not (tmp_path / "clips.onnx").exists()


@pytest.mark.parametrize("kind", ["sap", pytest.param("none", marks=pytest.mark.slow)])
def test_a_model_of_clips_takes_frames_and_a_mask(of_clips, photographs, tmp_path, kind):
    folder, out = of_clips(kind), tmp_path / "clips.onnx"
    pixels = np.stack([model_pixels(one, load_model(folder).preprocess) for one in photographs])
    done = export_onnx(folder, out, pixels)
    assert (done.outputs, done.images) == (("features", "frame_features"), 6) and done.difference <= 1e-4
    session = onnxruntime.InferenceSession(out)
    model = pacl_core.load(folder, "cpu")
    box = (4, 0, 20, 24)
    for count in (1, 3):
        places = np.arange(count * 4).reshape(count, 4) % 6
        mask = np.zeros((count, 4, 32, 32), np.uint8)
        mask[:, :, box[1] : box[3], box[0] : box[2]] = 1
        features, of_frames = session.run(None, {"frames": pixels[places], "subject": mask})
        shares = coverage(as_boxes([box]), 32, 16)
        told = Told(pixels[places].reshape(-1, 3, 32, 32), np.stack([shares] * 4 * count))
        np.testing.assert_allclose(features, model.encoder.encode(told, clips=True), atol=1e-4)
        np.testing.assert_allclose(
            of_frames.reshape(-1, 16), model.encoder.encode(told, clips=False), atol=1e-4
        )
    described = {entry.key: json.loads(entry.value) for entry in onnx.load(out).metadata_props}
    assert (described["pacl"]["frames"], described["pacl"]["subject"]) == (4, kind)
