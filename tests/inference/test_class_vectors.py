"""Class vectors are worked out once: kept in the user's cache, or in an exported folder."""

import json
import shutil

import numpy as np
import pytest

import pacl_core
from pacl_core.evaluation.protocols.zero_shot import ensemble, prompt_vectors
from pacl_core.inference.class_vectors import STORED
from pacl_core.inference.export.hugging_face import export_hugging_face
from pacl_core.inference.given import EMOTIONS, PROMPTS
from pacl_core.models import joint_space
from pacl_core.params.evaluation import ZeroShotParams


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PACL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(cache):
    return sorted(cache.rglob("*.safetensors"))


def no_encoder(*arguments):
    raise AssertionError("the text encoder was loaded")


def test_the_prompts_are_those_of_the_protocol():
    assert ZeroShotParams().prompts == PROMPTS


def test_a_second_use_needs_no_text_encoder(run, cache, monkeypatch):
    model = pacl_core.load(run / "models/pacl", "cpu")
    first = model.class_vectors(EMOTIONS)
    assert (first == ensemble([prompt_vectors(model._space, prompt, EMOTIONS) for prompt in PROMPTS])).all()
    (file,) = kept(cache)
    monkeypatch.setattr(joint_space, "load_text_encoder", no_encoder)
    again = pacl_core.load(run / "models/pacl", "cpu")
    assert (again.class_vectors(EMOTIONS) == first).all()
    with pytest.raises(AssertionError):
        again.class_vectors(("joy", "sadness"))
    with pytest.raises(AssertionError):
        again.class_vectors(EMOTIONS, PROMPTS[:1])
    file.unlink()
    with pytest.raises(AssertionError):
        again.class_vectors(EMOTIONS)


def test_other_projectors_have_vectors_of_their_own(run, cache, tmp_path):
    first = pacl_core.load(run / "models/pacl", "cpu").class_vectors(EMOTIONS)
    other = tmp_path / "other"
    shutil.copytree(run / "models/pacl", other)
    card = json.loads((other / "model.json").read_text())
    card["text_encoder"]["max_length"] += 1
    (other / "model.json").write_text(json.dumps(card))
    assert np.allclose(pacl_core.load(other, "cpu").class_vectors(EMOTIONS), first)
    assert len(kept(cache)) == 2


def test_an_exported_model_brings_those_of_the_default_classes(run, cache, tmp_path, monkeypatch):
    names = export_hugging_face(run / "models/pacl", tmp_path / "hub")
    assert STORED in names and STORED in json.loads((tmp_path / "hub/model.json").read_text())["files"]
    expected = pacl_core.load(run / "models/pacl", "cpu").class_vectors(EMOTIONS)
    for file in kept(cache):
        file.unlink()
    monkeypatch.setattr(joint_space, "load_text_encoder", no_encoder)
    exported = pacl_core.load(tmp_path / "hub", "cpu")
    assert (exported.class_vectors(EMOTIONS) == expected).all()
    some = exported.class_vectors(("fear", "awe"), PROMPTS[1:])
    assert some.shape == (2, expected.shape[1]) and kept(cache) == []


def test_a_cache_that_cannot_be_written_is_done_without(run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("PACL_CACHE", str(tmp_path / "file"))
    assert pacl_core.load(run / "models/pacl", "cpu").class_vectors(EMOTIONS).shape[0] == len(EMOTIONS)
