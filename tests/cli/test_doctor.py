"""pacl doctor on this project: what it says and its exit code."""

import json

from tests.paths import ROOT


def test_the_embedded_default_will_run(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = json.loads(pacl("doctor", "--json").out)
    assert found["will_run"] is True
    states = {one["what"]: one["state"] for one in found["findings"]}
    assert states["params"] == states["pairs"] == states["backbone"] == states["device"] == "fine"
    assert {"extra 'embedded'", "extra 'export'", "extra 'explore'"} <= set(states)


def test_a_preset_without_its_files_will_not(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = pacl("doctor", "--params", "presets/tumemo-resnet50.yaml")
    assert done.code == 1
    assert done.out.splitlines()[-1] == "it will not run until what STOPS is mended"
    assert "STOPS  backbone: data/weights/resnet50" in done.out
    assert "hf download timm/resnet50.a1_in1k --local-dir data/weights/resnet50" in done.out


def test_a_mistake_in_params(pacl, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    broken = tmp_path / "params.yaml"
    broken.write_text("pairs: {reader: folder}\n")
    done = pacl("doctor", "--params", broken)
    assert done.code == 1 and "pairs.path: missing" in done.out


def test_a_device_that_is_not_there(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PACL_DEVICE", "cuda:9")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = pacl("doctor", "--params", "presets/tumemo-resnet50.yaml")
    assert "STOPS  device: cuda:9: torch sees no GPU" in done.out
