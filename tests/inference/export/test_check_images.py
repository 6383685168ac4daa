"""Which images an export is checked on: those given, else pairs of the project, else none."""

import shutil

import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.inference.images import CHECK_IMAGES, check_pixels, model_pixels
from pacl_core.media.images import decode_jpeg, normalise_image
from pacl_core.models.saved import load_model


def test_given_images_are_taken_as_the_model_takes_them(saved, photographs):
    preprocess = load_model(saved("timm")).preprocess
    found = check_pixels(saved("timm"), [photographs[0].parent])
    assert (found == [model_pixels(file, preprocess) for file in photographs]).all()


def test_without_any_given_the_projects_first_pairs_are_taken(saved, photographs, tmp_path):
    shutil.copytree(saved("timm"), tmp_path / "models/pacl")
    jpegs = [normalise_image(file.read_bytes(), 64).jpeg for file in photographs] * 4
    (tmp_path / "data/pairs").mkdir(parents=True)
    pl.DataFrame({"image": jpegs}).write_parquet(tmp_path / "data/pairs/part-00000.parquet")
    preprocess = load_model(saved("timm")).preprocess
    found = check_pixels(tmp_path / "models/pacl", [])
    assert (found == [preprocess.pixels(decode_jpeg(jpeg)) for jpeg in jpegs[:CHECK_IMAGES]]).all()


def test_no_image_no_model_or_a_broken_image_is_one_clear_line(saved, tmp_path):
    shutil.copytree(saved("timm"), tmp_path / "models/pacl")
    with pytest.raises(UserError, match="name some with --check"):
        check_pixels(tmp_path / "models/pacl", [])
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"broken\.jpg: not_a_picture"):
        check_pixels(tmp_path / "models/pacl", [tmp_path / "broken.jpg"])
    with pytest.raises(UserError, match=r"model\.json: missing"):
        check_pixels(tmp_path / "models", [])
