"""Features of a real backbone: row order, evaluation mode, any batch size."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

pytest.importorskip("efficientnet_lite_pytorch")

from pacl_core.evaluation.features import backbone_features
from pacl_core.models.backbones import load_backbone
from pacl_core.params.models import BackboneParams


@pytest.fixture(scope="module")
def backbone():
    return load_backbone(BackboneParams(kind="efficientnet_lite", name="efficientnet_lite0", image_size=64))


def jpeg(shade):
    stream = io.BytesIO()
    Image.new("RGB", (80, 70), (shade, 255 - shade, 128)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def dataset(tmp_path):
    pq.write_table(pa.table({"image": [jpeg(40 * i) for i in range(5)]}), tmp_path / "d.parquet")
    return tmp_path / "d.parquet"


def test_each_row_is_its_own_picture_in_evaluation_mode(backbone, dataset):
    backbone.module.train()
    features = backbone_features(backbone, dataset, "cpu", batch=2, workers=2)
    assert features.shape == (5, backbone.dim)
    backbone.module.eval()
    for row, data in zip(features, pq.read_table(dataset)["image"].to_pylist(), strict=True):
        pixels = backbone.preprocess.pixels(Image.open(io.BytesIO(data)).convert("RGB"))
        with torch.no_grad():
            alone = backbone.module(backbone.preprocess.normalise(torch.from_numpy(pixels[None])))
        assert np.allclose(row, alone[0].numpy(), atol=1e-4)


def test_the_backbone_is_left_as_it_was(backbone, dataset):
    before = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}
    backbone_features(backbone, dataset, "cpu", batch=5, workers=1)
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.module.state_dict().items())
