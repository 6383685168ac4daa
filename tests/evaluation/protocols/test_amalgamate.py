"""Amalgamation of a tiny ResNet's specialists on images whose colour is the target."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import NotApplicableError, Outcome
from pacl_core.evaluation.protocols import amalgamate
from pacl_core.evaluation.protocols.heads import new_head
from pacl_core.evaluation.protocols.tuned_runs import Workplace
from pacl_core.evaluation.protocols.tuning_method import best_weights
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import load_specialists, save_model
from pacl_core.params.evaluation import AmalgamateParams, StageTermsParams
from pacl_core.params.models import BackboneParams
from tests.evaluation.protocols.test_finetune import COLOUR, HUE, LIGHT, same, write_dataset, write_folds
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_timm, write_tiny_timm_resnet

MARKS = Task("marks", "multi_label", ("mark_red", "mark_light"), ("red", "light"))
SHARES = Task("shares", "distribution", ("share_dark", "share_light"), ("dark", "light"))
PARAMS = AmalgamateParams(
    lr=1e-2, epochs=2, step_epochs=1, batch_size=8, horizontal_flip=False, random_resized_crop=False
)
ON = {"feature_st_f2", "feature_ho_f3", "feature_hp_f4", "logits_hp"}
ON |= {f"target_{name}" for name in ("student", "st", "ho", "hp")}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def save_four(folder: Path, weights: dict[str, Any]) -> Path:
    """A model that was made of three specialists: the same network with weights moved a little."""
    folder.mkdir(exist_ok=True)
    backbone = load_backbone(BackboneParams(**weights))
    specialists = {name: load_backbone(BackboneParams(**weights)) for name in amalgamate.SPECIALISTS}
    for seed, one in enumerate(specialists.values()):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in one.module.parameters():
                parameter.mul_(1 + 0.05 * torch.randn(parameter.shape, generator=generator))
    save_model(folder, backbone, training=None, projectors=None, specialists=specialists)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return save_four(folder, {**write_tiny_timm_resnet(folder / "published"), "image_size": 32})


def with_marks(path: Path) -> Path:
    """The colours with a column per mark and per share."""
    table = pq.read_table(path)
    light, colour = table["light"].to_numpy(), table["colour"].to_numpy()
    columns = {
        "mark_red": 1 - colour,
        "mark_light": light > 0.5,
        "share_dark": 1 - light,
        "share_light": light,
    }
    for name, values in columns.items():
        table = table.append_column(name, [np.asarray(values, np.float32)])
    pq.write_table(table, path)
    return path


def run(
    folder: Path,
    model: Path,
    tasks: Sequence[Task] = (COLOUR,),
    params: AmalgamateParams = PARAMS,
    *,
    name: str = "work",
    poisoned: bool = False,
) -> list[Outcome]:
    dataset = with_marks(write_dataset(folder / f"colours-{poisoned}.parquet", poisoned))
    place = Workplace("cpu", 2, folder / name)
    return amalgamate.run(tasks, dataset, model, params=params, excluded=(), place=place)


def changed(**changes: Any) -> AmalgamateParams:
    return PARAMS.model_copy(update=changes)


def losses_of(model: Path, params: AmalgamateParams, task: Task = COLOUR) -> tuple[dict[str, Any], Any]:
    """The terms of a step on two images, with their graph, and the networks."""
    backbones = {"student": load_specialists(model)["hp"], **load_specialists(model)}
    target = torch.zeros(2, len(task.columns))
    headed = {
        name: amalgamate.Headed(one.module, new_head(task, one.dim, target, seed=place), unit=False)
        for place, (name, one) in enumerate(backbones.items())
    }
    networks = amalgamate.together(
        task, headed, {name: amalgamate.with_stages_of(one) for name, one in backbones.items()}, params=params
    )
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return dict(networks.terms(images, target)), networks


def test_it_takes_tasks_of_every_kind(tmp_path: Path, model: Path) -> None:
    outcomes = run(tmp_path, model, (HUE, LIGHT, MARKS, SHARES), changed(epochs=1))
    hue, light, marks, shares = (one.test.prediction for one in outcomes)
    assert (hue.shape, light.shape, marks.shape, shares.shape) == tuple((1, 12, n) for n in (6, 1, 2, 2))
    np.testing.assert_allclose(hue[..., :2].sum(axis=2), 1)
    np.testing.assert_allclose(hue[..., 2:].sum(axis=2), 1)
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    assert np.isfinite(light).all() and ((marks > 0) & (marks < 1)).all()


def test_it_learns(tmp_path: Path, model: Path) -> None:
    (colour,) = run(tmp_path, model, (COLOUR,), changed(epochs=6, step_epochs=4))
    assert (colour.test.prediction.argmax(axis=2) == colour.test.target[:, 0]).mean() == 1
    assert colour.chosen["student"] == "hp" and len(colour.chosen["epochs"]) == 1


def test_ratings_start_from_the_mean_of_training(tmp_path: Path, model: Path) -> None:
    # few steps at a small rate: random heads would still spread the predictions
    (light,) = run(tmp_path, model, (LIGHT,), changed(epochs=1, lr=1e-5))
    table = pq.read_table(tmp_path / "colours-False.parquet", filters=[("split", "=", "train")])
    np.testing.assert_allclose(light.test.prediction, table["light"].to_numpy().mean(), atol=0.01)


@pytest.mark.slow
def test_it_learns_marks_and_a_hierarchy_and_seeds_differ(tmp_path: Path, model: Path) -> None:
    found = run(tmp_path, model, (HUE, MARKS, SHARES), changed(epochs=6, step_epochs=4, seeds=2))
    hue, marks, shares = (one.test for one in found)
    assert (hue.prediction[..., :2].argmax(axis=2) == hue.target[:, 0]).mean() == 1
    assert ((marks.prediction[..., 0] > 0.5) == (marks.target[:, 0] > 0.5)).mean() > 0.9
    for one in (hue, marks, shares):
        assert one.prediction.shape[:2] == (2, 12)
        assert not np.array_equal(*one.prediction)  # another seed, another run


def test_a_step_has_the_terms_of_the_paper(model: Path) -> None:
    terms, networks = losses_of(model, PARAMS)
    assert set(terms) == ON and set(networks.model) == {"student", "st", "ho", "hp"}
    assert networks.learning_rates == dict.fromkeys(networks.model, PARAMS.lr)
    torch.stack(list(terms.values())).sum().backward()
    for name, network in networks.model.items():
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters()), name
    assert terms["feature_hp_f4"] == 0  # the student begins with the weights of hp
    assert terms["logits_hp"] > 0  # and a head of its own


def test_a_distribution_is_compared_by_log_probabilities(model: Path) -> None:
    raw, _ = losses_of(model, PARAMS, Task("light", "single_label", ("light",), ("dark", "light")))
    logs, _ = losses_of(model, PARAMS, Task("shares", "distribution", ("a", "b"), ("dark", "light")))
    assert raw["logits_hp"] != logs["logits_hp"] and raw["feature_st_f2"] == logs["feature_st_f2"]


@pytest.mark.parametrize(
    ("changes", "off"),
    [
        ({"features": StageTermsParams(st=())}, {"feature_st_f2"}),
        ({"features": StageTermsParams(st=(), ho=(), hp=())}, {one for one in ON if "feature" in one}),
        ({"logits": ()}, {"logits_hp"}),
        ({"target": ("hp",)}, {"target_st", "target_ho"}),
    ],
)
def test_each_term_can_be_off(model: Path, changes: dict[str, Any], off: set[str]) -> None:
    terms, _ = losses_of(model, changed(**changes))
    assert set(terms) == ON - off


def test_a_specialist_without_terms_takes_no_part(tmp_path: Path, model: Path) -> None:
    params = changed(epochs=1, features=StageTermsParams(st=()), target=("ho", "hp"))
    (outcome,) = run(tmp_path, model, params=params)
    assert outcome.chosen["networks"] == ["student", "ho", "hp"]


def test_the_students_weights_alone_are_kept(tmp_path: Path, model: Path) -> None:
    (outcome,) = run(tmp_path, model)
    work = tmp_path / "work/task-0-seed-0"
    kept = load_file(best_weights(work, outcome.chosen["epochs"][0]))
    assert {name.partition(".")[0] for name in kept} == {"backbone", "head"}
    before = load_specialists(model)["hp"].module.state_dict()
    assert not torch.equal(kept["backbone.conv1.0.weight"], before["conv1.0.weight"])
    assert not torch.equal(kept["backbone.bn1.running_mean"], before["bn1.running_mean"])  # statistics follow
    assert sorted(path.suffix for path in work.iterdir()) == [".json", ".json", ".safetensors"]


def test_the_student_may_begin_as_the_backbone_was_published(tmp_path: Path, model: Path) -> None:
    params = changed(epochs=1, lr=1e-12, batch_norm="frozen")
    for student in ("hp", "initial"):
        run(tmp_path, model, params=params.model_copy(update={"student": student}), name=student)
    found = {
        student: load_file(tmp_path / student / "task-0-seed-0/best-00001.safetensors")[
            "backbone.conv1.0.weight"
        ]
        for student in ("hp", "initial")
    }
    hp = load_specialists(model)["hp"].module.state_dict()["conv1.0.weight"]
    assert torch.allclose(found["hp"], hp, atol=1e-6)
    published = load_file(model / "published/model.safetensors")["conv1.0.weight"]
    assert torch.allclose(found["initial"], published, atol=1e-6) and not torch.allclose(
        hp, published, atol=1e-6
    )


def test_initial_weights_that_are_others_by_now_are_refused(tmp_path: Path) -> None:
    weights = {**write_tiny_timm_resnet(tmp_path / "published"), "image_size": 32}
    model = save_four(tmp_path / "model", weights)
    card = json.loads((model / "model.json").read_text())
    card["initial_weights"]["sha256"] = "0" * 64
    (model / "model.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match=r"not the weights that model was trained from.*student: hp"):
        run(tmp_path, model, params=changed(student="initial"))


def test_the_test_split_changes_neither_epochs_nor_weights(tmp_path: Path, model: Path) -> None:
    clean = run(tmp_path, model, (LIGHT,), name="clean")
    poisoned = run(tmp_path, model, (LIGHT,), name="poisoned", poisoned=True)
    for one, other in zip(clean, poisoned, strict=True):
        assert one.chosen == other.chosen
        assert np.array_equal(one.predictions[0].prediction, other.predictions[0].prediction)
        assert not np.array_equal(one.test.prediction, other.test.prediction)


def test_the_epoch_chosen_is_that_of_the_students_lowest_validation_loss(tmp_path: Path, model: Path) -> None:
    (outcome,) = run(tmp_path, model, (LIGHT,))
    val = outcome.predictions[0]
    loss = ((val.prediction[0] - val.target) ** 2).mean()
    assert outcome.chosen["validation_loss"] == [pytest.approx(loss, rel=1e-5)]
    losses = json.loads((tmp_path / "work/task-0-seed-0/done.json").read_text())["losses"]
    assert outcome.chosen["epochs"] == [int(np.argmin(losses)) + 1]


def test_each_item_of_folds_is_predicted_once(tmp_path: Path, model: Path) -> None:
    place = Workplace("cpu", 2, tmp_path / "work")
    (outcome,) = amalgamate.run(
        (LIGHT,),
        write_folds(tmp_path / "folds.parquet"),
        model,
        params=changed(epochs=1),
        excluded={"item07"},
        place=place,
    )
    assert len(set(outcome.test.item_ids)) == len(outcome.test.item_ids) == 47
    assert len(outcome.chosen["folds"]) == 3


def test_a_model_of_one_network_is_not_applicable(tmp_path: Path) -> None:
    weights = {**write_tiny_timm_resnet(tmp_path / "published"), "image_size": 32}
    (tmp_path / "alone").mkdir()
    save_model(tmp_path / "alone", load_backbone(BackboneParams(**weights)), training=None, projectors=None)
    with pytest.raises(NotApplicableError, match="alone has no specialists st, ho, hp"):
        run(tmp_path, tmp_path / "alone")


def test_a_burst_names_task_terms_and_samples(tmp_path: Path, model: Path) -> None:
    with pytest.raises(
        UserError, match=r"light, seed 0: step \d .*in 'evaluate.amalgamate', .*samples: item"
    ):
        run(tmp_path, model, (LIGHT,), changed(lr=1e30))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_transformers_are_amalgamated_at_224_pixels(tmp_path: Path, name: str) -> None:
    model = save_four(tmp_path / "model", write_tiny_timm(tmp_path / "published", name))
    (outcome,) = run(tmp_path, model, params=changed(epochs=1, batch_size=12))
    assert outcome.test.prediction.shape == (1, 12, 2) and np.isfinite(outcome.test.prediction).all()


def test_killed_and_started_again_gives_the_same_bits(tmp_path: Path, model: Path) -> None:
    params = changed(horizontal_flip=True, random_resized_crop=True)
    program = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; from tests.evaluation.protocols import test_amalgamate as t\n"
        "t.run(Path(sys.argv[1]), Path(sys.argv[2]), (t.LIGHT,),"
        " t.AmalgamateParams.model_validate_json(sys.argv[3]))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(model), params.model_dump_json()]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 240
        while not (tmp_path / "work/task-0-seed-0/epoch-00001-000000000").exists():
            assert process.poll() is None, (process.stderr or sys.stdin).read()
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "work/task-0-seed-0/done.json").exists()
    resumed = run(tmp_path, model, (LIGHT,), params)
    assert same(resumed, run(tmp_path, model, (LIGHT,), params, name="undisturbed"))
