"""What a checkpoint is of: everything that decides the result, and nothing else, changes its key."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.files.vectors import Vectors, read_vectors, write_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.training.run import CODE, training_key
from pacl_core.models.backbones import Backbone
from pacl_core.runtime.scratch import code_files
from tests.paths import ROOT


class Given:
    """The arguments of `training_key`, one of them changed at a time."""

    def __init__(self, shards: Path, backbone: Backbone, params: TrainParams) -> None:
        self.shards, self.backbone, self.params = shards, backbone, params
        self.images: Vectors | None = None
        self.device = "cpu"

    def key(self) -> dict[str, object]:
        return training_key(self.shards, self.backbone, self.images, params=self.params, device=self.device)


@pytest.fixture
def given(
    make_shards: Callable[..., Path], make_backbone: Callable[[], Backbone], params: TrainParams
) -> Given:
    return Given(make_shards({"strong": 2}), make_backbone(), params)


def stored(folder: Path, value: float) -> Vectors:
    pl.DataFrame({"sample_id": ["a"]}).write_parquet(folder.with_suffix(".parquet"))
    rows = np.full((1, 3), value, np.float32)
    write_vectors(folder, folder.with_suffix(".parquet"), lambda start, stop: rows[start:stop], dim=3)
    return read_vectors(folder)


def test_the_same_inputs_elsewhere_have_the_same_key(given: Given, tmp_path: Path) -> None:
    before = given.key()
    given.shards = shutil.copytree(given.shards, tmp_path / "elsewhere")
    assert given.key() == before


def test_other_shards_change_it(given: Given) -> None:
    before = given.key()
    index = given.shards / "index.json"
    index.write_text(index.read_text().replace('"samples": 2', '"samples": 3'))
    assert given.key() != before


def test_more_trainings_do_not_change_it(given: Given) -> None:
    """The first one is the same, and may have been begun as the only one."""
    before = given.key()
    given.params = given.params.model_copy(update={"seeds": 3})
    assert given.key() == before


@pytest.mark.parametrize("name", [name for name in TrainParams.model_fields if name != "seeds"])
def test_every_parameter_changes_it(given: Given, name: str) -> None:
    before, value = given.key(), getattr(given.params, name)
    other: object = "other" if isinstance(value, str) else 0.5
    if isinstance(value, bool | int):
        other = not value if isinstance(value, bool) else value + 1
    given.params = given.params.model_copy(update={name: other})
    assert given.key() != before


def test_other_weights_of_the_backbone_change_it(given: Given) -> None:
    before = given.key()
    given.backbone = dataclasses.replace(given.backbone, weights_sha256="1" * 64)
    assert given.key() != before


def test_another_backbone_changes_it(given: Given) -> None:
    before = given.key()
    other = given.backbone.params.model_copy(update={"image_size": 32})
    given.backbone = dataclasses.replace(given.backbone, params=other)
    assert given.key() != before


def test_the_device_changes_it(given: Given) -> None:
    before = given.key()
    given.device = "cuda"
    assert given.key() != before


def test_stored_features_change_it_by_their_bytes(given: Given, tmp_path: Path) -> None:
    keys = [given.key()]
    for name, value in (("one", 1.0), ("same", 1.0), ("other", 2.0)):
        given.images = stored(tmp_path / name, value)
        keys.append(given.key())
    assert keys[1] == keys[2]
    assert keys[0] != keys[1] != keys[3]


def test_shards_that_are_not_there_are_the_users_to_make(given: Given) -> None:
    (given.shards / "index.json").unlink()
    with pytest.raises(UserError, match=r"index\.json: missing; run .*dvc repro shards"):
        given.key()


def test_the_code_is_that_of_engine_objective_and_backbones_and_no_other_methods_or_reports() -> None:
    files = {file.relative_to(ROOT / "pacl_core").as_posix() for file in code_files(*CODE)}
    assert {
        "training/loop.py",
        "methods/pacl/objective/anchors.py",
        "methods/pacl/training/warm_up.py",
        "methods/pacl/shards/read.py",
        "models/backbones/timm.py",
        "media/images.py",
        "files/vectors.py",
    } <= files
    assert not [file for file in files if file.startswith(("report", "cli", "evaluation", "corpus"))]
