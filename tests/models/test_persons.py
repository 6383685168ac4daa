"""Detectors from a local file: torchvision's own boxes, persons alone, equal for equal frames."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import detection

from pacl_core.errors import UserError
from pacl_core.models.persons import MOST, load_detector
from pacl_core.params.clips import PersonsParams

NAME = "ssdlite320_mobilenet_v3_large"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = getattr(detection, NAME)(weights=None, weights_backbone=None)
    path = tmp_path_factory.mktemp("weights") / f"{NAME}.safetensors"
    save_file(model.state_dict(), path)
    return path


def params(weights: Path, **others: object) -> PersonsParams:
    return PersonsParams.model_validate(
        {"kind": "torchvision", "name": NAME, "weights": str(weights), "score": 0.0, **others}
    )


def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = [(64, 96), (120, 80), (64, 96)]
    drawn = [rng.integers(0, 255, (*size, 3), np.uint8) for size in sizes]
    return [drawn[0], drawn[1], drawn[0]]


def test_boxes_are_those_of_plain_torchvision(weights: Path) -> None:
    found = load_detector(params(weights), "cpu").detect(frames())
    assert found.shape == (3, MOST, 5)
    model = getattr(detection, NAME)(weights=None, weights_backbone=None)
    from safetensors.torch import load_file

    model.load_state_dict(load_file(weights))
    with torch.no_grad():
        (plain,) = model.eval()([torch.from_numpy(frames()[1]).permute(2, 0, 1) / 255])
    persons = plain["boxes"][plain["labels"] == 1].numpy()
    own = found[1][~np.isnan(found[1, :, 0])]
    np.testing.assert_allclose(own[:, :4], persons, atol=1e-3)


def test_equal_frames_have_equal_boxes(weights: Path) -> None:
    detector = load_detector(params(weights), "cpu")
    together = detector.detect(frames())
    np.testing.assert_array_equal(together[0], together[2])
    np.testing.assert_array_equal(detector.detect(frames()[:1])[0], together[0])


def test_boxes_below_the_score_are_left_out(weights: Path) -> None:
    assert np.isnan(load_detector(params(weights, score=1.0), "cpu").detect(frames())).all()


def test_other_weights_are_one_line(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not the weights of fasterrcnn_mobilenet_v3_large_320_fpn"):
        load_detector(params(weights, name="fasterrcnn_mobilenet_v3_large_320_fpn"), "cpu")
    with pytest.raises(UserError, match="unknown detector"):
        load_detector(params(weights, name="yolo"), "cpu")
    with pytest.raises(UserError, match="state dict that torchvision publishes"):
        load_detector(PersonsParams(kind="torchvision", name=NAME), "cpu")
