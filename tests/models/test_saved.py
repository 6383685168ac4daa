"""A saved model is rebuilt from its folder alone, and its library loads the weights as they are."""

import json

import open_clip
import pytest
import timm
import torch
from safetensors.torch import save_file

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.models import weights
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.saved import (
    knows_clips,
    load_model,
    load_projectors,
    load_specialists,
    save_model,
    trainings,
)
from pacl_core.params.models import BackboneParams
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm_resnet

WRITERS = {
    "embedded": lambda folder: {
        "kind": "timm",
        "name": "tf_efficientnet_lite0",
        "image_size": 64,
    },
    "timm": write_tiny_timm_resnet,
    "open_clip": write_tiny_open_clip,
}
PROJECTORS = {"image.weight": torch.ones(5, 3), "text.weight": torch.zeros(5, 2)}


def enhanced(kind: str, tmp_path) -> Backbone:
    """A backbone whose weights changed since it was loaded."""
    backbone = load_backbone(BackboneParams(**WRITERS[kind](tmp_path / "published")))
    with torch.no_grad():
        for parameter in backbone.module.parameters():
            parameter.mul_(0.9)
    return backbone


def features(module: torch.nn.Module, size: int) -> torch.Tensor:
    with torch.no_grad():
        return module(torch.linspace(-1, 1, 2 * 3 * size * size).view(2, 3, size, size))


@pytest.mark.parametrize("kind", WRITERS)
def test_load_gives_back_what_was_saved(kind, tmp_path):
    backbone = enhanced(kind, tmp_path)
    folder = tmp_path / "pacl"
    folder.mkdir()
    save_model(folder, backbone, {"epochs": 3}, projectors=PROJECTORS)
    loaded = load_model(folder)
    size = backbone.preprocess.size
    torch.testing.assert_close(features(loaded.module, size), features(backbone.module, size), rtol=0, atol=0)
    assert (loaded.params, loaded.dim, loaded.preprocess) == (
        backbone.params,
        backbone.dim,
        backbone.preprocess,
    )
    assert not loaded.module.training
    assert not knows_clips(folder) and not knows_clips(tmp_path)  # of images; without a card


@pytest.mark.parametrize("kind", WRITERS)
def test_saving_twice_writes_the_same_bytes(kind, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    save_model(first, enhanced(kind, tmp_path), {"epochs": 3}, projectors=PROJECTORS)
    save_model(second, load_model(first), {"epochs": 3}, projectors=PROJECTORS)
    names = sorted(path.name for path in first.iterdir())
    assert {"backbone.safetensors", "model.json", "projectors.safetensors"} <= set(names)
    assert names == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_the_card_says_what_it_is(tmp_path):
    backbone = enhanced("timm", tmp_path)
    save_model(tmp_path, backbone, {"epochs": 3}, projectors=PROJECTORS)
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["kind"] == card["library"] == "timm"
    assert card["name"] == "test_resnet.r160_in1k"
    assert (card["dim"], card["image_size"]) == (backbone.dim, 64)
    assert card["projectors"] == {"image.weight": [5, 3], "text.weight": [5, 2]}
    assert card["training"] == {"epochs": 3}
    assert card["initial_weights"]["source"] == str(tmp_path / "published")
    assert len(card["initial_weights"]["sha256"]) == 64


def test_plain_timm_loads_the_file(tmp_path):
    backbone = enhanced("timm", tmp_path)
    save_model(tmp_path, backbone, None, projectors=None)
    plain = timm.create_model(backbone.params.name, checkpoint_path=tmp_path / "backbone.safetensors").eval()
    plain.reset_classifier(0)
    torch.testing.assert_close(features(plain, 64), features(backbone.module, 64))
    assert not (tmp_path / "projectors.safetensors").exists()


def test_plain_open_clip_loads_the_folder_and_the_file(tmp_path):
    backbone = enhanced("open_clip", tmp_path)
    save_model(tmp_path, backbone, None, projectors=None)
    by_folder = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    published = open_clip.create_model(f"local-dir:{tmp_path / 'published'}").eval()
    open_clip.load_checkpoint(published, str(tmp_path / "backbone.safetensors"))  # strict
    expected = features(backbone.module, 32) @ by_folder.visual.proj
    torch.testing.assert_close(features(by_folder.visual, 32), expected)
    torch.testing.assert_close(features(published.visual, 32), expected)


def test_a_registered_open_clip_name_loads_the_file_by_that_name(tmp_path, monkeypatch):
    params = write_tiny_open_clip(tmp_path / "published")
    config = json.loads((tmp_path / "published" / "open_clip_config.json").read_text())["model_cfg"]
    (tmp_path / "registered-tiny.json").write_text(json.dumps(config))
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIG_PATHS", [*open_clip.factory._MODEL_CONFIG_PATHS])
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", dict(open_clip.factory._MODEL_CONFIGS))
    open_clip.add_model_config(tmp_path / "registered-tiny.json")
    published = tmp_path / "published" / "open_clip_model.safetensors"
    alone = tmp_path / "alone.safetensors"  # as a bare file, without the configuration next to it
    alone.write_bytes(published.read_bytes())
    backbone = load_backbone(BackboneParams(**{**params, "name": "registered-tiny", "weights": str(alone)}))
    save_model(tmp_path, backbone, None, projectors=None)
    plain = open_clip.create_model(
        "registered-tiny", pretrained=str(tmp_path / "backbone.safetensors")
    ).eval()
    expected = features(backbone.module, 32) @ plain.visual.proj
    torch.testing.assert_close(features(plain.visual, 32), expected)


def test_the_card_decides_the_preprocessing(tmp_path):
    """A later release of a library may change its mind about a model's defaults; a saved model does not."""
    save_model(tmp_path, enhanced("timm", tmp_path), None, projectors=None)
    card = json.loads((tmp_path / "model.json").read_text())
    card["preprocess"]["mean"] = [0.1, 0.2, 0.3]
    (tmp_path / "model.json").write_text(json.dumps(card))
    assert load_model(tmp_path).preprocess.mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize("missing", ["model.json", "backbone.safetensors"])
def test_a_missing_file_is_named(tmp_path, missing):
    save_model(tmp_path, enhanced("timm", tmp_path), None, projectors=None)
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match=f"{missing}: missing; run the stage"):
        load_model(tmp_path)


def test_another_card_is_refused(tmp_path):
    save_model(tmp_path, enhanced("timm", tmp_path), None, projectors=None)
    (tmp_path / "model.json").write_text('{"kind": "timm"}')
    with pytest.raises(UserError, match="not a model card"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["backbone.safetensors", "projectors.safetensors"])
def test_a_changed_byte_of_the_weights_is_one_line(name, tmp_path):
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path / "published")))
    folder = tmp_path / "pacl"
    folder.mkdir()
    save_model(folder, backbone, {"temperature": 0.07}, projectors=PROJECTORS)
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(UserError, match=f"{name}: damaged or replaced, its sha256"):
        load_model(folder)
        load_projectors(folder, json.loads((folder / "model.json").read_text()))


def test_weights_are_hashed_once(tmp_path, monkeypatch):
    """A load compares them with the card and names them in the backbone; a scratch key has them too."""
    save_model(tmp_path, enhanced("timm", tmp_path), None, projectors=None)
    hashed: list[str] = []
    monkeypatch.setattr(weights, "file_sha256", lambda path: (hashed.append(path.name), file_sha256(path))[1])
    weights._sha256.cache_clear()
    content = weights.weights_content(str(tmp_path / "backbone.safetensors"))
    load_model(tmp_path)
    assert hashed == ["backbone.safetensors"]
    (tmp_path / "backbone.safetensors").write_bytes(b"other")
    assert weights.weights_content(str(tmp_path / "backbone.safetensors")) != content


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}", None])
def test_unreadable_projectors_are_one_line(content, tmp_path):
    """Also of a card without digests, as an older version wrote it."""
    if content is None:
        save_file({"image.weight": torch.ones(2, 3)}, tmp_path / "projectors.safetensors")
    else:
        (tmp_path / "projectors.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"projectors\.safetensors: ") as error:
        load_projectors(tmp_path, {})
    assert "\n" not in str(error.value)


def test_trainings_are_the_model_and_those_in_its_folder_by_seed(tmp_path) -> None:
    backbone = enhanced("timm", tmp_path)
    model = tmp_path / "model"
    for folder, seed in ((model, 4), (model / "seeds/12", 12), (model / "seeds/5", 5)):
        folder.mkdir(parents=True)
        save_model(folder, backbone, {"params": {"seed": seed}}, projectors=None)
    (model / "seeds/notes.txt").write_text("no training")
    assert list(trainings(model).items()) == [
        (4, model),
        (5, model / "seeds/5"),
        (12, model / "seeds/12"),
    ]
    untrained = tmp_path / "untrained"
    untrained.mkdir()
    save_model(untrained, backbone, None, projectors=None)
    assert trainings(untrained) == {0: untrained}
    (untrained / "seeds/first").mkdir(parents=True)
    with pytest.raises(UserError, match="untrained: not a saved model of this project"):
        trainings(untrained)


@pytest.mark.parametrize("kind", WRITERS)
def test_specialists_are_saved_next_to_their_student(kind, tmp_path):
    student = load_backbone(BackboneParams(**WRITERS[kind](tmp_path / "published")))
    specialist = enhanced(kind, tmp_path)
    folder = tmp_path / "feng"
    folder.mkdir()
    save_model(folder, student, None, projectors=None, specialists={"st": specialist, "hp": student})
    loaded = load_specialists(folder)
    size = student.preprocess.size
    assert list(loaded) == ["st", "hp"]
    for name, given in (("st", specialist), ("hp", student)):
        assert torch.equal(features(loaded[name].module, size), features(given.module, size))
    assert torch.equal(features(load_model(folder).module, size), features(student.module, size))
    (folder / "specialists/st.safetensors").write_bytes((folder / "specialists/hp.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"specialists/st.safetensors: damaged or replaced"):
        load_specialists(folder)
    (folder / "specialists/hp.safetensors").unlink()
    with pytest.raises(UserError):
        load_specialists(folder)


def test_a_model_without_specialists_has_none(tmp_path):
    save_model(tmp_path, enhanced("timm", tmp_path), None, projectors=None)
    assert load_specialists(tmp_path) == {}
    assert "specialists" not in json.loads((tmp_path / "model.json").read_text())
