"""Every stage of the paper's presets, on a tiny corpus and tiny checkpoints in the published formats."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import timm
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from tests.dag.small_project import ROOT, Project, copy_project
from tests.published_trees import WRITERS
from tests.tiny_checkpoints import (
    write_tiny_bertweet,
    write_tiny_open_clip,
    write_tiny_roberta,
    write_tiny_timm_resnet,
)

pytestmark = pytest.mark.dag

WORDS = ("happy", "sad", "dog", "beach", "rain", "party", "flower", "street")


def write_tumemo(folder: Path, posts: int) -> None:
    """Posts as TumEmo holds them, `<id>.jpg` and `<id>.txt`, and one image that is a web page."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(posts):
        noise = rng.integers(0, 255, (8, 10, 3), np.uint8)
        Image.fromarray(noise).resize((60, 48)).save(folder / f"{number:04d}.jpg")
        text = " ".join(rng.choice(WORDS, 4)) + " @someone https://example.org"
        (folder / f"{number:04d}.txt").write_text(text)
    (folder / "gone.jpg").write_text("<html>404</html>")
    (folder / "gone.txt").write_text("an image that is gone")


def fit(section: dict, tiny: dict) -> dict:
    """A preset's model section with the tiny checkpoint's name and weights, all else as published."""
    return section | {key: tiny[key] for key in ("kind", "name", "weights")}


def tiny_preset(root: Path, preset: str, sets: tuple[str, ...], protocols: list[str]) -> Project:
    """A project on the preset: tiny checkpoints of the same form, and `sets` of its data sets as trees."""
    project = copy_project(root)
    shutil.copy(ROOT / "presets" / preset, root / "params.yaml")
    weights = root / "data/weights"
    clip = write_tiny_open_clip(weights / "clip")
    tree = yaml.safe_load((root / "params.yaml").read_text())
    is_clip = tree["backbone"]["kind"] == "open_clip"
    backbone = clip if is_clip else write_tiny_timm_resnet(weights / "backbone")
    tree["factual_scores"]["scorer"] = fit(tree["factual_scores"]["scorer"], clip)
    emotional = tree["emotional_scores"]["text_encoder"]
    tree["emotional_scores"]["text_encoder"] = fit(emotional, write_tiny_bertweet(weights / "bertweet"))
    tree["text_encoder"] = fit(tree["text_encoder"], write_tiny_roberta(weights / "skep"))
    tree["backbone"] = fit(tree["backbone"], backbone) | {"image_size": None if is_clip else 64}
    tree["train"] |= {"epochs": 3, "batch_size": 8}
    # sigma by share: random checkpoints match nothing at the published one
    half = {"transform": "raw", "threshold": None, "share": 0.5, "set_for": None}
    tree["partition"] |= {"factual": half, "emotional": half}
    tree["downstream"] = {name: tree["downstream"][name] | {"image_size": 64} for name in sets}
    for name, entry in tree["downstream"].items():
        entry["path"] = str(WRITERS[name](root / "data/corpora" / name))
    tree["evaluate"] |= {"protocols": protocols, "bootstrap": 100}
    tree["evaluate"]["linear"] |= {"epochs": 2, "seeds": 2}
    tree["evaluate"]["finetune"] |= {"epochs": 1}
    (root / "params.yaml").write_text(yaml.safe_dump(tree))
    write_tumemo(root / "data/corpora/tumemo", 60)
    vso = "1. happy [sentiment: 1.00] [#images: 1]\n\thappy_dog [sentiment: 1.77] [#imgs: 2]\n"
    vso += "\thappy_street [sentiment: 1.2] [#imgs: 2]\n2. sad [sentiment: -1.00] [#images: 1]\n"
    vso += "\tsad_rain [sentiment: -1.77] [#imgs: 2]\n\tsad_party [sentiment: -0.3] [#imgs: 1]\n"
    (weights / "3244ANPs.txt").write_text(vso)
    return project


def test_resnet50_preset(tmp_path: Path) -> None:
    project = tiny_preset(tmp_path / "project", "tumemo-resnet50.yaml", ("emotic",), ["linear", "finetune"])
    project.repro()
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table.height == 60
    assert pl.read_parquet(project.root / "data/pairs_rejected.parquet").height == 1
    saved = load_file(project.root / "models/pacl/backbone.safetensors")
    card = json.loads((project.root / "models/pacl/model.json").read_text())
    plain = timm.create_model(card["name"])
    plain.load_state_dict(saved, strict=True)  # as it is, by the library it came from
    initial = load_file(project.root / "models/initial/backbone.safetensors")
    assert any(not torch.equal(saved[name], initial[name]) for name in saved)
    assert "report/index.html" in project.run("python", "-m", "pacl_core.cli.headline").output
    for protocol in ("linear", "finetune"):
        tasks = json.loads((project.root / f"evaluation/emotic-{protocol}-pacl.json").read_text())["tasks"]
        assert set(tasks) == {"emotions", "vad"}
        assert isinstance(tasks["vad"]["figures"]["mse_x100"]["mean"], float)


def test_clip_preset_with_precomputed_anps(tmp_path: Path) -> None:
    project = tiny_preset(tmp_path / "project", "tumemo-vit_clip.yaml", ("fi",), ["linear", "zero_shot"])
    entries = [
        {"sample_id": f"{number:04d}", "bi-concepts": {"happy_dog": 0.9, "sad_rain": 0.4, "big_car": 0.1}}
        for number in range(50)  # ten images have no entry
    ]
    path = project.root / "data/weights/deepsentibank.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in entries))
    project.edit(anps__kind="precomputed", anps__path=str(path))
    project.repro()
    counts = json.loads((project.root / "metrics/anps.json").read_text())
    assert counts == {"pictures": 60, "without_anps": 10}
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table["emotional_score"].null_count() == 10
    assert not table.filter(pl.col("emotional_score").is_null())["emotional_matched"].any()
    for variant in ("initial", "pacl"):  # CLIP's own zero-shot, and that of the projectors
        summary = json.loads((project.root / f"evaluation/fi-zero_shot-{variant}.json").read_text())
        assert summary["not_applicable"] is None
        assert {task["chosen"]["prompt"] for task in summary["tasks"].values()} >= {
            "A photo with [C] emotion.",
            "ensemble",
        }
