"""Weights that are there, and what to do about those that are not."""

import yaml

from pacl_core.doctor.data import data
from pacl_core.doctor.weights import weights
from pacl_core.methods.params import Params, load
from tests.small_run import drawing

CLIP = {"kind": "open_clip", "name": "ViT-B-32-quickgelu", "weights": "data/weights/clip/model.safetensors"}


def params(**sections) -> Params:
    tree = load("params.yaml").model_dump()
    for name, value in sections.items():
        tree[name] = value
    return Params.model_validate(yaml.safe_load(yaml.safe_dump(_plain(tree))))


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def states(findings) -> dict[str, str]:
    return {one.what: one.state for one in findings}


def test_the_embedded_default_has_its_weights():
    assert set(states(weights(params())).values()) == {"fine"}


def test_missing_weights_are_fetched_to_where_params_look_for_them():
    found = {
        one.what: one
        for one in weights(params(backbone=CLIP, text_encoder=text_encoder("data/weights/skep")))
    }
    assert found["backbone"].state == found["text_encoder"].state == "stops"
    assert found["backbone"].mend.endswith(
        "hf download timm/vit_base_patch32_clip_224.openai --local-dir data/weights/clip"
    )
    assert found["text_encoder"].mend.endswith("hf download owner/name --local-dir data/weights/skep")


def text_encoder(where: str) -> dict:
    return {"kind": "hf", "name": "owner/name", "weights": where}


def test_files_folders_and_digests(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"weights")
    digest = "9a8e46b2a8d8e2e8"
    fine = {**CLIP, "weights": str(file)}
    assert states(weights(params(backbone=fine)))["backbone"] == "fine"
    [wrong] = [one for one in weights(params(backbone={**fine, "sha256": digest})) if one.what == "backbone"]
    assert wrong.state == "stops" and "sha256 is" in wrong.detail
    assert states(weights(params(text_encoder=text_encoder(str(tmp_path)))))["text_encoder"] == "fine"
    (tmp_path / "empty").mkdir()
    empty = weights(params(text_encoder=text_encoder(str(tmp_path / "empty"))))
    assert states(empty)["text_encoder"] == "stops"
    variants = weights(params(variants={"other": {"weights": str(tmp_path / "gone.pt")}}))
    assert states(variants)["variants.other"] == "stops"


def test_a_pointer_instead_of_weights(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n")
    for key, section in (
        ("backbone", {**CLIP, "weights": str(file)}),
        ("text_encoder", text_encoder(str(tmp_path))),
    ):
        [found] = [one for one in weights(params(**{key: section})) if one.what == key]
        assert found.state == "stops" and "a git-lfs pointer" in found.detail


def test_a_hub_name_without_a_local_copy_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    [found] = [
        one
        for one in weights(params(text_encoder=text_encoder("hub:owner/never-fetched@abc123")))
        if one.what == "text_encoder"
    ]
    assert (found.state, found.mend) == ("note", "hf download owner/never-fetched --revision abc123")


def test_a_kind_without_its_package(monkeypatch):
    monkeypatch.setattr(
        "pacl_core.doctor.weights.find_spec", lambda name: None if name == "nade" else object()
    )
    [found] = [one for one in weights(params()) if one.what == "emotional_scores.text_encoder"]
    assert (found.state, found.mend) == ("stops", "pip install --no-deps nade")


def folder_corpus(path) -> dict:
    manifest = {"file": None, "image": "image", "text": "text", "id": None}
    return {"reader": "folder", "path": str(path), "image_size": 64, "manifest": manifest}


def test_the_first_posts_of_the_corpus_are_read(tmp_path):
    assert states(data(params()))["pairs"] == "fine"
    gone = {one.what: one for one in data(params(pairs=folder_corpus(tmp_path / "gone")))}
    assert gone["pairs"].state == "stops" and "no such folder" in gone["pairs"].detail
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "1.txt").write_text("words")
    broken = {one.what: one for one in data(params(pairs=folder_corpus(tmp_path)))}
    assert broken["pairs"].state == "note" and "not_a_picture" in broken["pairs"].detail
    (tmp_path / "2.png").write_bytes(drawing(0))
    (tmp_path / "2.txt").write_text("words")
    mended = {one.what: one for one in data(params(pairs=folder_corpus(tmp_path)))}
    assert mended["pairs"].state == "fine" and "1 of the first 2" in mended["pairs"].detail


def test_test_sets_need_a_record_and_a_path(tmp_path):
    sets = {
        "fi": {"record": "data/datasets/fi.yaml", "path": str(tmp_path / "gone")},
        "mine": {"record": str(tmp_path / "mine.yaml"), "path": str(tmp_path)},
        "here": {"record": "data/datasets/fi.yaml", "path": str(tmp_path)},
    }
    found = states(data(params(downstream=sets)))
    assert (found["downstream.fi"], found["downstream.mine"], found["downstream.here"]) == (
        "stops",
        "stops",
        "fine",
    )
