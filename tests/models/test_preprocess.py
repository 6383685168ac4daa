"""Pixels and normalisation are those of the libraries that published the models."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from timm.data import create_transform

from pacl_core.models.preprocess import Preprocess
from tests.training.looks import Looks

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CLIP = {"mean": (0.48145466, 0.4578275, 0.40821073), "std": (0.26862954, 0.26130258, 0.27577711)}


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def fed(preprocess: Preprocess, image: Image.Image) -> torch.Tensor:
    return preprocess.normalise(torch.from_numpy(preprocess.pixels(image))[None])[0]


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(20, 90),
    height=st.integers(20, 90),
    size=st.integers(16, 48),
    crop=st.sampled_from([0.875, 0.9, 0.95, 1.0]),
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
    mode=st.sampled_from(["shortest", "squash"]),
)
def test_same_as_timms_transform(width, height, size, crop, interpolation, mode):
    image = noise(width, height)
    theirs = create_transform(
        input_size=size,
        crop_pct=crop,
        crop_mode={"shortest": "center", "squash": "squash"}[mode],
        interpolation=interpolation,
        **IMAGENET,
    )
    ours = Preprocess(size, int(size / crop), mode, interpolation, **IMAGENET)
    torch.testing.assert_close(fed(ours, image), theirs(image), atol=1e-6, rtol=0)


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("shape", [(341, 256), (256, 341), (224, 224), (257, 256), (50, 300)])
def test_same_as_open_clips_transform(mode, shape):
    image = noise(*shape)
    theirs = image_transform_v2(PreprocessCfg(size=224, resize_mode=mode, **CLIP), is_train=False)
    ours = Preprocess(224, 224, mode, "bicubic", **CLIP)
    torch.testing.assert_close(fed(ours, image), theirs(image), atol=1e-6, rtol=0)


def test_efficientnet_lite_sees_x_minus_127_over_128():
    preprocess = Preprocess(2, 2, "shortest", "bicubic", (127 / 255,) * 3, (128 / 255,) * 3)
    pixels = torch.tensor([0, 1, 127, 255], dtype=torch.uint8).reshape(1, 1, 2, 2).expand(1, 3, 2, 2)
    expected = (pixels.float() - 127) / 128
    torch.testing.assert_close(preprocess.normalise(pixels), expected, atol=1e-6, rtol=0)


def test_a_grey_image_becomes_three_equal_channels():
    preprocess = Preprocess(8, 8, "shortest", "bilinear", **IMAGENET)
    pixels = preprocess.pixels(noise(20, 10).convert("L"))
    assert pixels.shape == (3, 8, 8)
    assert pixels.dtype == np.uint8
    assert (pixels[0] == pixels[1]).all()
    assert (pixels[1] == pixels[2]).all()


def test_json_round_trip():
    preprocess = Preprocess(8, 9, "squash", "bilinear", **IMAGENET)
    assert Preprocess.from_json(preprocess.to_json()) == preprocess


def test_constants_made_in_inference_mode_serve_where_gradients_are_computed():
    preprocess = Preprocess(8, 8, "squash", "bilinear", (0.11, 0.12, 0.13), (0.21, 0.22, 0.23))
    pixels = torch.full((1, 3, 8, 8), 7, dtype=torch.uint8)
    with torch.inference_mode():
        first = preprocess.normalise(pixels)
    scale = torch.ones(1, requires_grad=True)
    (preprocess.normalise(pixels) * scale).sum().backward()
    torch.testing.assert_close(scale.grad, first.sum()[None])


def test_mean_and_std_are_copied_to_the_device_once():
    preprocess = Preprocess(4, 4, "squash", "bilinear", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    pixels = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    preprocess.normalise(pixels)
    with Looks() as looks:
        preprocess.normalise(pixels)
    assert looks.seen == []
