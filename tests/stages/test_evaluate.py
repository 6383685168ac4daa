"""The stages features, evaluate and measure on a tiny data set and two saved variants of a real network."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from pacl_core.datasets.folds import assign_folds
from pacl_core.datasets.tasks import Task
from pacl_core.encoding import encoded as resumable
from pacl_core.errors import UserError
from pacl_core.evaluation.comparison.variants import compare
from pacl_core.evaluation.predictions import NotApplicableError, read_predictions
from pacl_core.evaluation.protocols import linear
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import pixel_features
from pacl_core.models.saved import load_model, save_model
from pacl_core.params.evaluation import AmalgamateParams, FinetuneParams, LinearParams
from pacl_core.params.models import BackboneParams
from pacl_core.report.sections.few_labels import learning_curves
from stages import evaluate, features, measure
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_timm_resnet

PARAMS = load(ROOT / "params.yaml")
TASKS = [
    {"name": "valence", "kind": "regression", "columns": ["valence"], "scale": [0, 1]},
    {"name": "light", "kind": "single_label", "columns": ["light"], "classes": ["dark", "light"]},
    {
        "name": "shares",
        "kind": "distribution",
        "columns": ["dark_share", "light_share"],
        "classes": ["dark", "light"],
    },
]


def params(**changes):
    small = {"linear": LinearParams(epochs=3, seeds=2), "bootstrap": 100, **changes}
    return PARAMS.model_copy(update={"evaluate": PARAMS.evaluate.model_copy(update=small)})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """32 images whose valence is their shade, the last two the same image; two equal variants."""
    root = tmp_path_factory.mktemp("project")
    shades = np.linspace(0, 1, 32)
    shades[31] = shades[30]
    images = []
    for shade in shades:
        stream = io.BytesIO()
        Image.new("RGB", (64, 64), (int(255 * shade), 60, 60)).save(stream, "JPEG")
        images.append(stream.getvalue())
    columns = {
        "item_id": [f"shade{i:02}" for i in range(32)],
        "image": images,
        "pixel_hash": [f"picture{min(i, 30):02}" for i in range(32)],
        "split": [("train", "train", "val", "test")[i % 4] for i in range(32)],
        "valence": pa.array(shades, pa.float32()),
        "light": pa.array((shades > 0.5).astype(int), pa.int32()),
        "dark_share": pa.array(1 - shades, pa.float32()),
        "light_share": pa.array(shades, pa.float32()),
    }
    (root / "data/downstream").mkdir(parents=True)
    pq.write_table(pa.table(columns), root / "data/downstream/shades.parquet")
    (root / "data/downstream/shades.json").write_text(json.dumps({"name": "shades", "tasks": TASKS}))
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(root / "checkpoint")))
    for variant in ("initial", "pacl"):
        folder = root / "models" / variant
        folder.mkdir(parents=True)
        save_model(folder, backbone, training=None, projectors=None)
    return root


@pytest.fixture
def stage(project, monkeypatch):
    """Runs a stage in the project, as the command line does."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("PACL_DEVICE", "cpu")

    def run(module, *arguments, **changes):
        monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
        module.main(params(**changes))

    return run


def test_features_are_those_of_the_frozen_backbone_in_the_order_of_the_items(stage):
    stage(features, "shades", "initial")
    found = np.load("data/features/shades-initial/vectors.npy")
    table = pq.read_table("data/downstream/shades.parquet")
    ids = pq.read_table("data/features/shades-initial/ids.parquet")["item_id"]
    assert ids.to_pylist() == table["item_id"].to_pylist()
    backbone = load_model(Path("models/initial"))
    assert (found.shape, found.dtype) == ((32, backbone.dim), np.float32)
    encode = pixel_features(backbone, "cpu")
    for row in (0, 17, 31):
        image = Image.open(io.BytesIO(table["image"][row].as_py()))
        assert np.allclose(encode(backbone.preprocess.pixels(image)[None])[0], found[row], atol=1e-4)
    assert (found[30] == found[31]).all()
    assert not Path(".pacl/scratch/features-shades-initial").exists()


def test_a_killed_pass_goes_on_and_gives_the_same_bytes(stage, monkeypatch):
    stage(features, "shades", "pacl")
    whole = Path("data/features/shades-pacl/vectors.npy")
    before = whole.read_bytes()
    monkeypatch.setattr(resumable, "SECONDS", 0)
    real, done = resumable.ResumableBlock.add, []

    def killed(self, places, rows):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(len(rows))
        return real(self, places, rows)

    monkeypatch.setattr(resumable.ResumableBlock, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        stage(features, "shades", "pacl")
    rest = []
    monkeypatch.setattr(
        resumable.ResumableBlock,
        "add",
        lambda self, places, rows: (rest.append(len(rows)), real(self, places, rows))[1],
    )
    stage(features, "shades", "pacl")
    assert sum(done) + sum(rest) == 31  # distinct images
    assert len(done) == 1
    assert whole.read_bytes() == before


def test_an_evaluation_has_predictions_and_a_summary_and_rerunning_changes_no_byte(stage):
    for variant in ("initial", "pacl"):
        stage(features, "shades", variant)
        stage(evaluate, "shades", "linear", variant)
        stage(measure, "shades", "linear", variant)
    summary = read_summary(Path("evaluation/shades-linear-pacl.json"))
    assert set(summary["tasks"]) == {"valence", "light", "shares"}
    assert summary["backbone"] == "test_resnet.r160_in1k"
    assert (summary["not_applicable"], summary["excluded_test_items"]) == (None, 0)
    valence = summary["tasks"]["valence"]
    assert valence["test_items"] == 8
    assert len(valence["figures"]["r2"]["per_seed"]) == len(valence["chosen"]["epochs"]) == 2
    assert summary["tasks"] == read_summary(Path("evaluation/shades-linear-initial.json"))["tasks"]
    test = read_predictions(Path("evaluation/shades-linear-pacl.parquet"), "shares", "test")
    assert test.prediction.shape == (2, 8, 2)

    files = [path for path in sorted(Path("evaluation").iterdir()) if "pacl" in path.name]
    before = [path.read_bytes() for path in files]
    stage(evaluate, "shades", "linear", "pacl")
    stage(measure, "shades", "linear", "pacl")
    assert [path.read_bytes() for path in files] == before


def test_the_evaluation_says_what_was_chosen_and_measuring_adds_the_rest(stage):
    stage(features, "shades", "initial")
    stage(evaluate, "shades", "linear", "initial")
    chosen = read_summary(Path("evaluation/shades-linear-initial.chosen.json"))
    assert set(chosen["tasks"]) == {"light", "shares", "valence"}
    assert all(set(one) == {"task", "chosen"} for one in chosen["tasks"].values())
    stage(measure, "shades", "linear", "initial")
    summary = read_summary(Path("evaluation/shades-linear-initial.json"))
    tasks = summary.pop("tasks")
    assert summary == {key: value for key, value in chosen.items() if key != "tasks"}
    for name, one in chosen["tasks"].items():
        assert one.items() <= tasks[name].items()
        assert {"baselines", "class_items", "test_items", "figures", "details"} == set(tasks[name]) - set(one)


def test_few_labels_are_compared_as_tasks_of_their_own(stage):
    for variant in ("initial", "pacl"):
        stage(features, "shades", variant)
        stage(evaluate, "shades", "few_shot", variant, few_shot=(4, 12, 300))
        stage(measure, "shades", "few_shot", variant)
    found = compare(Path("evaluation"), "shades", "few_shot", variants=["initial", "pacl"], resamples=100)
    assert {"valence, 4 labels", "valence, 12 labels"} <= found["tasks"].keys()
    assert not any("300" in name for name in found["tasks"])
    difference = found["tasks"]["valence, 12 labels"]["figures"]["r2"]["differences"]["pacl"]
    equal = {"value": 0.0, "low": 0.0, "high": 0.0}  # the same draws of equal variants
    equal |= {"std_by": {"items": 0.0, "training_seeds": None}, "mostly_by": None}
    assert difference == equal | {"verdict": "too_few", "reason": "too few test items (8) to tell"}
    assert {name for name, _ in learning_curves(found)} == {"light: Accuracy", "shares: KL", "valence: R²"}


def test_every_training_of_a_variant_is_evaluated_with_its_own_features(stage, project):
    """A variant of two trainings: its parts are those of each of them alone."""
    backbone = load_model(project / "models/initial")
    first, second = project / "models/twice", project / "models/twice/seeds/7"
    for folder, alone, seed in ((first, "alone3", 3), (second, "alone7", 7)):
        with torch.no_grad():
            for parameter in backbone.module.parameters():
                parameter.mul_(0.9)
        for place in (folder, project / "models" / alone):
            place.mkdir(parents=True)
            training = {"params": {"seed": seed}}
            save_model(place, backbone, training, projectors=None)
    protocols = {"linear": ("shares",), "few_shot": ("light, 4 labels",), "finetune": ("valence",)}
    small = FinetuneParams(epochs=1, seeds=2, backbone_lr=1e-5)
    for variant in ("initial", "twice", "alone3", "alone7"):
        stage(features, "shades", variant)
        for protocol in protocols:
            stage(evaluate, "shades", protocol, variant, few_shot=(4,), finetune=small)
            stage(measure, "shades", protocol, variant)
    assert not list(Path(".pacl/scratch").glob("*twice*"))
    for place, alone in (("", "alone3"), ("seeds/7/", "alone7")):
        for name in ("vectors.npy", "ids.parquet", "checksum.json"):
            own = Path(f"data/features/shades-twice/{place}{name}")
            assert own.read_bytes() == Path(f"data/features/shades-{alone}/{name}").read_bytes()
    for protocol, tasks in protocols.items():
        for task in tasks:
            both, one, other = (
                read_predictions(Path(f"evaluation/shades-{protocol}-{variant}.parquet"), task, "test")
                for variant in ("twice", "alone3", "alone7")
            )
            assert both.training_seeds == (3, 7) and one.training_seeds == ()
            assert np.array_equal(both.prediction, np.concatenate([one.prediction, other.prediction]))
            assert not np.array_equal(one.prediction, other.prediction)
            summaries = [
                read_summary(Path(f"evaluation/shades-{protocol}-{v}.json"))["tasks"][task]
                for v in ("twice", "alone3", "alone7")
            ]
            chosen = [summary["chosen"] for summary in summaries]
            assert chosen[0] == chosen[1] | {"training_seeds": {"7": chosen[2]}}
    found = compare(Path("evaluation"), "shades", "linear", variants=["initial", "twice"], resamples=100)
    kl = found["tasks"]["shares"]["figures"]["kl"]
    means = kl["variants"]["twice"]["per_training_seed"]
    assert set(means) == {"3", "7"}
    assert kl["variants"]["twice"]["mean"] == pytest.approx(np.mean(list(means.values())))
    assert kl["variants"]["twice"]["std"] == pytest.approx(np.std(list(means.values()), ddof=1))
    assert kl["differences"]["twice"]["std_by"]["training_seeds"] == pytest.approx(
        abs(means["3"] - means["7"]) / 2
    )


def test_folds_go_through_every_stage_and_every_item_is_measured(stage, tmp_path, monkeypatch):
    """The stored set with folds, in a project of its own."""
    shutil.copytree(Path(), tmp_path / "folded")
    monkeypatch.chdir(tmp_path / "folded")
    dataset = Path("data/downstream/shades.parquet")
    table = pq.read_table(dataset)
    names = [str(row) for row in range(32)]
    items = pl.DataFrame({"pixel_hash": table["pixel_hash"].to_pylist(), "image_name": names})
    items = items.with_columns(file_hash=pl.col("image_name"), split=pl.lit(None, pl.String))
    items = items.with_columns(valence=pl.Series(table["valence"].to_pylist()))
    dealt = assign_folds(items, [Task("valence", "regression", ("valence",))], 4)
    for name in ("fold", "val_of"):
        table = table.append_column(name, pa.array(dealt[name].to_list(), pa.int8()))
    pq.write_table(table, dataset)
    for variant in ("initial", "pacl"):
        stage(features, "shades", variant)
        for protocol in ("linear", "few_shot"):
            stage(evaluate, "shades", protocol, variant, few_shot=(8,))
            stage(measure, "shades", protocol, variant)
    for protocol, name in (("linear", "valence"), ("few_shot", "valence, 8 labels")):
        found = compare(Path("evaluation"), "shades", protocol, variants=["initial", "pacl"], resamples=100)
        task = found["tasks"][name]
        assert task["test_items"] == 32
        assert len(task["chosen"]["initial"]["folds"]) == 4
        assert task["figures"]["r2"]["differences"]["pacl"]["value"] == 0.0


def test_a_convex_probe_has_no_seeds(stage):
    stage(features, "shades", "initial")
    stage(evaluate, "shades", "linear", "initial", linear=LinearParams(probe="convex"))
    stage(measure, "shades", "linear", "initial")
    tasks = read_summary(Path("evaluation/shades-linear-initial.json"))["tasks"]
    assert {
        len(one["figures"][metric]["per_seed"]) for one in tasks.values() for metric in one["figures"]
    } == {1}
    assert tasks["valence"]["chosen"]["alpha"] > 0
    assert tasks["light"]["chosen"]["C"] > 0


def test_leaked_test_items_are_left_out(stage):
    pytest.importorskip("pacl_core.datasets.leaks")
    Path("data/leaks").mkdir(parents=True, exist_ok=True)
    rows = {
        "item_id": ["shade03", "shade07", "shade07"],
        "sample_id": ["a", "b", "c"],
        "kind": ["exact", "near", "near"],
        "distance": pa.array([0, 1, 2], pa.int32()),
    }
    pq.write_table(pa.table(rows), "data/leaks/shades.parquet")
    stage(features, "shades", "initial")
    for which, left in (("exact", 7), ("near", 6)):
        stage(evaluate, "shades", "linear", "initial", exclude_leaks=which)
        stage(measure, "shades", "linear", "initial")
        summary = read_summary(Path("evaluation/shades-linear-initial.json"))
        assert summary["excluded_test_items"] == 8 - left
        assert summary["tasks"]["light"]["test_items"] == left


def test_a_protocol_that_does_not_apply_leaves_its_reason(stage, monkeypatch):
    def refuses(*given, **named):
        raise NotApplicableError("the variant has no projector")

    monkeypatch.setattr(linear, "run", refuses)
    stage(features, "shades", "initial")
    stage(evaluate, "shades", "linear", "initial")
    stage(measure, "shades", "linear", "initial")
    summary = read_summary(Path("evaluation/shades-linear-initial.json"))
    assert (summary["not_applicable"], summary["tasks"]) == ("the variant has no projector", {})
    assert pq.read_table("evaluation/shades-linear-initial.parquet").num_rows == 0


def test_features_of_other_items_are_refused(stage):
    stage(features, "shades", "initial")
    ids = Path("data/features/shades-initial/ids.parquet")
    other = [f"other{i}" for i in range(32)]
    pq.write_table(pa.table({"item_id": other}), ids)
    with pytest.raises(UserError, match="features of other items than"):
        stage(evaluate, "shades", "linear", "initial")


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (evaluate, ("shades", "linear"), "usage"),
        (evaluate, ("shades", "liner", "pacl"), "unknown protocol 'liner'; did you mean 'linear'"),
        (evaluate, ("shade", "linear", "pacl"), r"shade\.json: missing"),
        (evaluate, ("shades", "linear", "emotionclip"), "models/emotionclip: no such variant"),
        (measure, ("shades", "linear"), "usage"),
        (measure, ("shade", "linear", "pacl"), r"shade-linear-pacl\.chosen\.json: missing"),
        (features, ("shades",), "usage"),
        (features, ("shade", "pacl"), r"shade\.parquet: missing"),
        (features, ("shades", "emotionclip"), "models/emotionclip: no such variant"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(stage, module, arguments, message):
    with pytest.raises(UserError, match=message):
        stage(module, *arguments)


def test_an_evaluation_without_features_names_them(stage, project):
    (project / "models/third").mkdir(exist_ok=True)
    (project / "models/third/model.json").write_text("{}")
    with pytest.raises(UserError, match=r"data/features/shades-third/ids\.parquet: missing"):
        stage(evaluate, "shades", "linear", "third")


def test_amalgamation_is_of_variants_that_were_made_of_specialists(stage, project):
    backbone = load_model(project / "models/initial")
    folder = project / "models/feng"
    folder.mkdir()
    specialists = dict.fromkeys(("st", "ho", "hp"), backbone)
    save_model(folder, backbone, training={"method": "feng"}, projectors=None, specialists=specialists)
    small = AmalgamateParams(epochs=1, batch_size=16, horizontal_flip=False, random_resized_crop=False)
    for variant in ("feng", "initial"):
        stage(evaluate, "shades", "amalgamate", variant, amalgamate=small)
        stage(measure, "shades", "amalgamate", variant)
    summary = read_summary(Path("evaluation/shades-amalgamate-feng.json"))
    assert summary["not_applicable"] is None and set(summary["tasks"]) == {"valence", "light", "shares"}
    assert summary["tasks"]["light"]["chosen"]["networks"] == ["student", "st", "ho", "hp"]
    test = read_predictions(Path("evaluation/shades-amalgamate-feng.parquet"), "shares", "test")
    assert test.prediction.shape == (1, 8, 2)
    assert not list(Path(".pacl/scratch").glob("amalgamate*"))
    without = read_summary(Path("evaluation/shades-amalgamate-initial.json"))
    assert without["not_applicable"] == "initial has no specialists st, ho, hp" and without["tasks"] == {}
