"""A set of video through features, evaluate and measure with a variant that knows images only."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import detection

from pacl_core.datasets.readers import read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.files.tables import read_table
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import pixel_features
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.saved import load_model, save_model
from pacl_core.models.video_text import make_video_text, save_video_text
from pacl_core.params.clips import PersonsParams
from pacl_core.params.evaluation import LinearParams
from pacl_core.params.models import BackboneParams
from pacl_core.params.video_text import SubjectParams, TemporalParams
from stages import evaluate, features, measure
from tests.paths import ROOT
from tests.published_trees import write_emotic
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm_resnet
from tests.video_trees import write_bold, write_meld, write_moviegraphs

TREES = {
    "bold": write_bold,
    "emotic_boxes": write_emotic,
    "meld": write_meld,
    "moviegraphs": write_moviegraphs,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    for name, write in TREES.items():
        record = load_record(ROOT / "data/datasets" / f"{name}.yaml")
        (root / "scratch" / name).mkdir(parents=True)
        write_dataset(
            record,
            read_items(record, write(root / name)),
            root / "data/downstream" / f"{name}.parquet",
            storage=Storage(32),
            workers=2,
            scratch=root / "scratch" / name,
        )
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(root / "checkpoint")))
    (root / "models" / "initial").mkdir(parents=True)
    save_model(root / "models" / "initial", backbone, training=None, projectors=None)
    origin = BackboneParams(**write_tiny_open_clip(root / "clip"))
    temporal = TemporalParams(layers=1, heads=2, width=32)
    clip = load_clip(origin.name, origin.weights, None)
    (root / "models" / "emotionclip").mkdir()
    model = make_video_text(clip, SubjectParams(), temporal, frames=4)
    save_video_text(root / "models" / "emotionclip", model, None, origin=origin)
    return root


@pytest.fixture
def stage(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    params = load(ROOT / "params.yaml")
    small = {"linear": LinearParams(probe="convex"), "bootstrap": 100, "exclude_leaks": "none"}
    params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update=small)})

    def run(module, *arguments):
        monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
        module.main(params.model_copy(update={"persons": run.persons.get("of", params.persons)}))

    run.persons = {}
    return run


def test_features_of_a_clip_are_the_mean_of_its_frames(stage):
    stage(features, "meld", "initial")
    found = np.load("data/features/meld-initial/vectors.npy")
    table = read_table(Path("data/downstream/meld.parquet"))
    backbone = load_model(Path("models/initial"))
    encode = pixel_features(backbone, "cpu")
    for row in (0, 5, len(table) - 1):
        frames = [Image.open(io.BytesIO(jpeg)) for jpeg in table["frames"][row].as_py()]
        vectors = encode(np.stack([backbone.preprocess.pixels(frame) for frame in frames]))
        assert np.allclose(vectors.mean(axis=0), found[row], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("bold", {"emotions": {"map", "auc", "hit_at_1"}, "vad": {"r2", "mse_x100"}}),
        ("meld", {"emotion": {"accuracy", "f1_weighted"}, "sentiment": {"accuracy"}}),
        ("moviegraphs", {"emotions": {"hit_at_1"}}),
    ],
)
def test_clips_are_evaluated_as_images_are(stage, name, tasks):
    stage(features, name, "initial")
    stage(evaluate, name, "linear", "initial")
    stage(measure, name, "linear", "initial")
    summary = read_summary(Path("evaluation") / f"{name}-linear-initial.json")
    description = json.loads(Path(f"data/downstream/{name}.json").read_text())
    assert set(summary["tasks"]) == set(tasks)
    for task, metrics in tasks.items():
        of_task = summary["tasks"][task]
        assert of_task["test_items"] == description["counts"]["items"]["test"]
        assert metrics <= of_task["figures"].keys()
        assert any(metrics & baseline.keys() for baseline in of_task["baselines"].values())


def sees_persons(path: Path) -> PersonsParams:
    """A detector of random weights that takes everything for a person."""
    name = "ssdlite320_mobilenet_v3_large"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = getattr(detection, name)(weights=None, weights_backbone=None)
    classes = model.head.classification_head.module_list
    with torch.no_grad():
        for layer in classes:
            layer[1].weight.zero_()
            layer[1].bias.copy_(torch.eye(91)[1].mul(20).repeat(len(layer[1].bias) // 91))
    save_file(model.state_dict(), path)
    return PersonsParams(kind="torchvision", name=name, weights=str(path))


def test_where_nobody_is_marked_all_persons_found_are_the_subject(stage, monkeypatch):
    stage(features, "meld", "emotionclip")
    nobody = np.load("data/features/meld-emotionclip/vectors.npy")
    persons = sees_persons(Path("ssdlite320_mobilenet_v3_large.safetensors").absolute())
    monkeypatch.setitem(stage.persons, "of", persons)
    stage(features, "meld", "emotionclip")
    found = np.load("data/features/meld-emotionclip/vectors.npy")
    assert (np.abs(found - nobody).max(axis=1) > 1e-4).all()
    monkeypatch.setattr(features, "load_detector", None)  # not used: of BoLD's clips the person is marked
    stage(features, "bold", "emotionclip")
    stage(features, "meld", "initial")


@pytest.mark.parametrize("name", ["bold", "emotic_boxes"])
def test_a_model_of_clips_is_evaluated_on_clips_and_on_images(stage, name):
    stage(features, name, "emotionclip")
    stage(evaluate, name, "linear", "emotionclip")
    stage(measure, name, "linear", "emotionclip")
    figures = read_summary(Path("evaluation") / f"{name}-linear-emotionclip.json")["tasks"]["vad"]["figures"]
    assert "mse_x100" in figures
    found = np.load(f"data/features/{name}-emotionclip/vectors.npy")
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
