"""Finding weights: what is missing, and how to get it, in one line; nothing unpickled."""

import pickle
import re

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save_file

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.weights import load_state, weights_file, weights_folder

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """The hub as seen without a network: only what is in the cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_file_itself_or_the_first_name_in_its_folder(tmp_path):
    for name in ("b.bin", "c.bin"):
        (tmp_path / name).write_bytes(b"x")
    assert weights_file(str(tmp_path / "c.bin"), None, ["a.bin"], hint="hint") == tmp_path / "c.bin"
    assert weights_file(str(tmp_path), None, ["a.bin", "b.bin", "c.bin"], hint="hint") == tmp_path / "b.bin"


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (None, "null.*fetch it from there"),
        ("nowhere/model.safetensors", "nowhere/model.safetensors.*no such file.*fetch it from there"),
        (".", "holds none of a.bin, b.bin.*fetch it from there"),
        ("hub:timm/resnet50", "pin a revision"),
        ("hub:timm/resnet50@main", "pin a revision"),
        ("hub:resnet50@abc", "hub:<owner>/<name>@<revision>"),
    ],
)
def test_what_is_missing_is_said(weights, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=says):
        weights_file(weights, None, ["a.bin", "b.bin"], hint="fetch it from there")


def test_an_unreachable_hub_names_file_and_place(hub_cache):
    with pytest.raises(UserError) as error:
        weights_file(f"hub:timm/resnet50.a1_in1k@{REVISION}", None, ["model.safetensors"], hint="hint")
    assert f"https://huggingface.co/timm/resnet50.a1_in1k/tree/{REVISION}" in str(error.value)
    assert "model.safetensors" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unreachable_hub_names_the_files_of_a_folder(hub_cache):
    with pytest.raises(UserError, match=r"cannot be reached.*\*\.json, model\.safetensors into one folder"):
        weights_folder(f"hub:a/b@{REVISION}", ["*.json", "model.safetensors"], "hint")


def test_a_cached_hub_file_needs_no_network(hub_cache):
    snapshot = hub_cache / "models--timm--resnet50.a1_in1k" / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(b"x")
    names = ["first.safetensors", "model.safetensors"]
    found = weights_file(f"hub:timm/resnet50.a1_in1k@{REVISION}", None, names, hint="hint")
    assert found.read_bytes() == b"x"


def test_a_wrong_digest_is_refused_and_a_right_one_is_not(tmp_path):
    path = tmp_path / "w.bin"
    path.write_bytes(b"weights")
    assert weights_file(str(path), file_sha256(path).upper(), [], hint="hint") == path
    with pytest.raises(UserError, match=r"sha256 is .* not 00"):
        weights_file(str(path), "00", [], hint="hint")


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_ema"])
def test_every_published_container_gives_the_same_tensors(tmp_path, wrapper):
    state = {"module.a.weight": torch.arange(3.0)}
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, tmp_path / "w.pth")
    save_file({"a.weight": torch.arange(3.0)}, tmp_path / "w.safetensors")
    for path in (tmp_path / "w.pth", tmp_path / "w.safetensors"):
        loaded = load_state(path)
        assert list(loaded) == ["a.weight"]
        torch.testing.assert_close(loaded["a.weight"], torch.arange(3.0))


class Payload:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code ran')",))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    ("name", "says"),
    [("w.pth", "never loaded"), ("w.bin", "never loaded"), ("w.safetensors", "no readable weights")],
)
def test_code_in_a_file_does_not_run(tmp_path, name, says):
    (tmp_path / name).write_bytes(pickle.dumps(Payload()))
    with pytest.raises(UserError, match=says):
        load_state(tmp_path / name)


class Doubler(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_openais_torchscript_form_of_clip_is_refused_with_the_way_out(tmp_path):
    torch.jit.script(Doubler()).save(str(tmp_path / "ViT-B-32.pt"))
    with pytest.raises(UserError, match=r"which is code.*timm/vit_base_patch32_clip_224\.openai"):
        load_state(tmp_path / "ViT-B-32.pt")
    with pytest.raises(UserError, match="which is code"):
        load_clip("ViT-B-32-quickgelu", str(tmp_path / "ViT-B-32.pt"), None)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="expected named tensors"):
        load_state(tmp_path / "w.pth")


NO_WEIGHTS = {
    "a git-lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 438\n",
    "a web page": b"\n<!DOCTYPE html><html><head><title>Sign in</title>",
    "a web page (a login, or an error)": b"\xef\xbb\xbf<?xml version='1.0'?><Error>AccessDenied",
    "an empty file": b"",
}


@pytest.mark.parametrize("what", NO_WEIGHTS)
@pytest.mark.parametrize("name", ["model.safetensors", "w.pth", "nade_250k_hp.ftz"])
def test_what_a_download_left_instead_of_weights_is_said(tmp_path, what, name):
    (tmp_path / name).write_bytes(NO_WEIGHTS[what])
    with pytest.raises(UserError, match=re.escape(f"{name}: {what}")) as error:
        weights_file(str(tmp_path / name), None, [], hint="hint")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("what", NO_WEIGHTS)
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_in_a_folder_too(tmp_path, what, name):
    for other in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / other).write_text("{}")
    (tmp_path / name).write_bytes(NO_WEIGHTS[what])
    with pytest.raises(UserError, match=re.escape(f"{name}: {what}")):
        weights_folder(str(tmp_path), ["*.json", "model*.safetensors"], "hint")
