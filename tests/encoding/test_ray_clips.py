"""The passes over clips on a real Ray cluster: the bytes of the local engine.

sentiment (of texts), persons (frames), subjects and images (a model told of boxes, and one that is not).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import detection

from pacl_core.encoding.encoded import Encoded
from pacl_core.encoding.engine import Engine, engine
from pacl_core.encoding.frames import encode_frames
from pacl_core.encoding.images import encode_clips
from pacl_core.encoding.persons import detected, write_persons
from pacl_core.encoding.sentiment import write_sentiment
from pacl_core.encoding.subjects import encode_told, load_telling_encoder
from pacl_core.encoding.texts import encode_texts
from pacl_core.models.classifiers import load_with_neutral
from pacl_core.models.persons import load_detector
from pacl_core.models.saved import load_frozen_model
from pacl_core.params.clips import ClassifierParams, PersonsParams
from pacl_core.runtime.settings import Runtime
from tests.encoding.test_subjects import box, folder, jpeg  # noqa: F401
from tests.ray_here import ray_here  # noqa: F401
from tests.tiny_checkpoints import write_tiny_classifier

PARTS, ROWS, STORED = 3, 4, 6
DETECTOR = "ssdlite320_mobilenet_v3_large"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of four clips of six frames; a text and a clip come twice."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("clips")
    for part in range(PARTS):
        numbers = range(part * ROWS, (part + 1) * ROWS)
        frames = [[jpeg(rng) for _ in range(STORED)] for _ in numbers]
        columns = {
            "sample_id": [f"clip {number}" for number in numbers],
            "text": [f"somebody says {'much ' * (number % 3)}{number % 11}" for number in numbers],
            "frames": frames,
            "frames_hash": [f"hash {number % 10}" for number in numbers],
            "frame_boxes": [[box(9, 0, 20 + number, 18)] * STORED for number in numbers],
            "times": [[0.1 * place for place in range(STORED)]] * ROWS,
            "width": [60] * ROWS,
            "height": [36] * ROWS,
            "given_boxes": [None] * ROWS,
        }
        pl.DataFrame(columns).write_parquet(path / f"part-{part}.parquet", row_group_size=2)
    return path


def on(name: str, load: Callable[[], Any], encode: Callable[[Engine, Path], Encoded], work: Path) -> Encoded:
    with engine(load, Runtime("cpu", 1, 4, engine=name)) as one:
        return encode(one, work / name)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_ray_gives_the_bytes_of_this_process(tmp_path: Path, clips: Path, folder: Path) -> None:  # noqa: F811
    classifier = ClassifierParams.model_validate(write_tiny_classifier(tmp_path / "classifier"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = getattr(detection, DETECTOR)(weights=None, weights_backbone=None)
    save_file(network.state_dict(), tmp_path / f"{DETECTOR}.safetensors")
    persons = PersonsParams(
        kind="torchvision", name=DETECTOR, weights=str(tmp_path / f"{DETECTOR}.safetensors"), score=0
    )
    tables: dict[str, list[bytes]] = {}
    for name in ("local", "ray"):
        work = tmp_path / name
        texts = on(
            name,
            partial(load_with_neutral, classifier, "cpu"),
            lambda one, at: encode_texts(one, clips, at),
            work / "texts",
        )
        write_sentiment(work / "sentiment.parquet", clips, texts)
        frames = on(
            name,
            partial(load_detector, persons, "cpu"),
            lambda one, at: encode_frames(one, clips, at),
            work / "frames",
        )
        write_persons(work / "persons.parquet", clips, detected(frames), score=0)
        told = on(
            name,
            partial(load_telling_encoder, folder, "cpu"),
            lambda one, at: encode_told(one, clips, at),
            work / "told",
        )
        plain = on(
            name,
            partial(load_frozen_model, folder, "cpu"),
            lambda one, at: encode_clips(one, clips, at),
            work / "plain",
        )
        assert len(told.files) == PARTS
        tables[name] = [
            (work / "sentiment.parquet").read_bytes(),
            (work / "persons.parquet").read_bytes(),
            told.rows(0, PARTS * ROWS).tobytes(),
            plain.rows(0, PARTS * ROWS).tobytes(),
        ]
    assert tables["local"] == tables["ray"]
