"""What a person names is checked before anything heavy is loaded."""

import logging
import os
import subprocess
import sys

import pytest

from pacl_core.errors import UserError
from pacl_core.inference.given import check_classes, check_model, media_files, read_box
from tests.paths import ROOT


def test_folders_are_walked_in_name_order_and_files_stay_where_they_are_named(tmp_path):
    for name in ("b/2.JPG", "b/1.png", "b/deep/3.webp", "b/4.mp4", "b/notes.txt", "b/.5.png", "a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = media_files([tmp_path / "a.png", tmp_path / "b", tmp_path / "gone.jpg"])
    names = ["a.png", "b/1.png", "b/2.JPG", "b/4.mp4", "b/deep/3.webp", "gone.jpg"]
    assert found == [tmp_path / name for name in names]


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no image or video in this folder"):
        media_files([tmp_path])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_named(tmp_path, caplog):
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "closed").mkdir(mode=0)
    with caplog.at_level(logging.WARNING):
        assert media_files([tmp_path]) == [tmp_path / "1.png"]
    assert f"{tmp_path / 'closed'}: left out, Permission denied" in caplog.text


def test_a_file_that_goes_away_while_its_folder_is_read_is_named(tmp_path, caplog, monkeypatch):
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"")
    real = type(tmp_path).is_file

    def gone(path):
        if path.name == "2.png":
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(type(tmp_path), "is_file", gone)
    with caplog.at_level(logging.WARNING):
        assert media_files([tmp_path]) == [tmp_path / "1.png"]
    assert "2.png: left out, Input/output error" in caplog.text


def test_a_folder_without_a_model_names_those_next_to_it(tmp_path):
    (tmp_path / "models/pacl").mkdir(parents=True)
    (tmp_path / "models/pacl/model.json").write_text("{}")
    check_model(tmp_path / "models/pacl")
    with pytest.raises(UserError, match=r"no model in .*pcal; give the folder .*; there are .*models/pacl$"):
        check_model(tmp_path / "models/pcal")
    with pytest.raises(UserError, match=r"give the folder of a saved model$"):
        check_model(tmp_path / "elsewhere/pacl")


@pytest.mark.parametrize(
    ("labels", "prompts", "message"),
    [
        (["joy"], None, "at least two"),
        (["joy", "joy"], None, "at least two different"),
        (["joy", "fear"], ["no place"], "must hold"),
        (["joy", "fear"], [], "must hold"),
    ],
)
def test_classes_and_prompts(labels, prompts, message):
    with pytest.raises(UserError, match=message):
        check_classes(labels, prompts)
    check_classes(["joy", "fear"], ["[C]!"])


def test_a_box():
    assert read_box("1, 2.5,30,4e1") == (1.0, 2.5, 30.0, 40.0)
    for text in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1;2;3;4"):
        with pytest.raises(ValueError, match="is not left,top,right,bottom"):
            read_box(text)
    for text in ("nan,0,1,1", "0,0,inf,1"):
        with pytest.raises(ValueError, match="not finite"):
            read_box(text)
    for text in ("5,0,1,1", "0,0,1,0"):
        with pytest.raises(ValueError, match="has no area"):
            read_box(text)


def test_it_loads_nothing_heavy():
    heavy = ("torch", "numpy", "pyarrow", "PIL")
    code = f"import sys, pacl_core.inference.given; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
