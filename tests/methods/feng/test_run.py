"""Specialists as a stage trains them: what they learn, and that runs repeat."""

import math
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from pacl_core.errors import UserError
from pacl_core.methods.feng.network import Machine
from pacl_core.methods.feng.run import CODE, Trained, train_specialist
from pacl_core.models.saved import save_model
from pacl_core.runtime.scratch import code_files
from pacl_core.training.loop import Run
from tests.methods.feng import made
from tests.paths import ROOT

ONE_BY_ONE = {"epochs": 1, "step_epochs": 1, "batch_size": 1}
TASKS = {"st": ("color", "sr"), "ho": ("scene", "jigsaw"), "hp": ("anp", "caption")}


def trained(folder: Path, part: str, **given: object) -> Trained:
    (folder / "work").mkdir(exist_ok=True)
    return train_specialist(
        made.backbone(folder),
        made.sets(),
        made.params(**given),
        part=part,
        run=Run(folder / "work"),
        machine=Machine(2),
    )


@pytest.mark.parametrize("part", ["st", "hp", pytest.param("ho", marks=pytest.mark.slow)])
def test_a_specialist_learns_its_tasks_and_is_saved_for_timm(tmp_path: Path, part: str) -> None:
    backbone = made.backbone(tmp_path)
    before = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}
    (tmp_path / "work").mkdir()
    found = train_specialist(
        backbone, made.sets(), made.params(), part=part, run=Run(tmp_path / "work"), machine=Machine(2)
    )
    last = found.history[-1]
    for task in TASKS[part]:
        assert math.isfinite(last[f"loss/{task}"])
        assert math.isfinite(last[f"{task}/held_out"]) and last[f"{task}/constant"] > 0
        assert any(name.startswith(f"{task}.") for name in found.heads)
    assert ("caption/bleu4" in last) == (part == "hp")
    if part == "st":
        assert last["sr/bicubic"] > 0
    weights = backbone.module.state_dict()
    assert any(not torch.equal(weights[name], before[name]) for name in before)
    (tmp_path / "saved").mkdir()
    save_model(tmp_path / "saved", backbone, found.card, projectors=None)
    again = timm.create_model(
        "test_resnet.r160_in1k", checkpoint_path=str(tmp_path / "saved/backbone.safetensors")
    )
    assert torch.equal(again.state_dict()["conv1.0.weight"], weights["conv1.0.weight"].contiguous())


def test_losses_fall_below_those_of_constants(tmp_path: Path) -> None:
    """Colours and classes of bars are easy to see."""
    longer = {"epochs": 12, "step_epochs": 9, "batch_size": 5}
    last = trained(tmp_path, "ho", ho={**longer, "tasks": ["scene"]}).history[-1]
    assert last["loss/scene"] < last["scene/constant"] / 2


@pytest.mark.parametrize(
    "part", ["st", pytest.param("ho", marks=pytest.mark.slow), pytest.param("hp", marks=pytest.mark.slow)]
)
def test_one_task_alone_is_that_part_of_both(tmp_path: Path, part: str) -> None:
    """The first loss of a task does not depend on the other one, which comes later in a step."""
    task = TASKS[part][0]
    both = trained(tmp_path, part)
    (tmp_path / "alone").mkdir()
    alone = trained(tmp_path / "alone", part, **{part: {**made.SMALL[part], "tasks": [task]}})
    assert set(alone.card["tasks"]) == {task}  # type: ignore[call-overload]
    assert {name for name in both.heads if name.startswith(f"{task}.")} == set(alone.heads)
    assert f"loss/{task}" in alone.history[-1] and f"loss/{TASKS[part][1]}" not in alone.history[-1]


def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole = trained(tmp_path, "hp")
    other = tmp_path / "other"
    other.mkdir()
    sets = made.sets()
    calls = 0

    def killed(row: int) -> object:
        nonlocal calls
        calls += 1
        if calls > 18:
            raise KeyboardInterrupt
        return made.image(row)

    (other / "work").mkdir()
    broken = {key: type(one)(**{**vars(one), "image": killed}) for key, one in sets.items()}
    run = Run(other / "work", checkpoint_minutes=0)
    with pytest.raises(KeyboardInterrupt):
        train_specialist(made.backbone(other), broken, made.params(), part="hp", run=run, machine=Machine(1))
    assert list((other / "work").glob("epoch-*"))
    again = trained(other, "hp")
    assert again.history == whole.history
    for name, tensor in whole.heads.items():
        assert torch.equal(tensor, again.heads[name]), name
    states = (one.method.model["backbone"].state_dict() for one in (whole, again))
    for one, another in zip(*(state.values() for state in states), strict=True):
        assert torch.equal(one, another)


def test_a_loss_that_is_not_finite_names_task_and_samples(tmp_path: Path) -> None:
    backbone = made.backbone(tmp_path)
    (tmp_path / "work").mkdir()
    params = made.params(ho={**made.SMALL["ho"], "lr": 1e30})
    with pytest.raises(UserError, match=r"(loss|gradient) of (scene|jigsaw).*these samples: made \d+, made"):
        train_specialist(backbone, made.sets(), params, part="ho", run=Run(tmp_path / "work"))


@pytest.mark.parametrize("part", ["st", "hp", pytest.param("ho", marks=pytest.mark.slow)])
def test_a_batch_of_one_trains_and_one_image_is_held_out(tmp_path: Path, part: str) -> None:
    (tmp_path / "work").mkdir()
    images = made.made_set(6)  # two to train on
    splits = np.array(["train", "val", "train", "", "", ""], np.str_)
    one = type(images)(**{**vars(images), "splits": splits})
    backbone = made.backbone(tmp_path, "test_vit.r160_in1k")
    params = made.params(**{part: ONE_BY_ONE}, caption={**made.SMALL["caption"], "min_count": 1})
    found = train_specialist(
        backbone, dict.fromkeys(made.SETS, one), params, part=part, run=Run(tmp_path / "work")
    )
    assert found.card["steps"] == 2 and set(found.card["held_out"].values()) == {1}  # type: ignore[attr-defined]
    for task in TASKS[part]:
        assert math.isfinite(found.history[-1][f"{task}/held_out"])


@pytest.mark.parametrize("part", ["st", "hp"])
def test_a_batch_of_one_that_a_normalisation_cannot_take_is_one_line(tmp_path: Path, part: str) -> None:
    with pytest.raises(UserError, match=rf"^task '{TASKS[part][0]}': a batch of one image .* two or more$"):
        trained(tmp_path, part, **{part: ONE_BY_ONE})


def test_a_random_start_is_not_the_weights(tmp_path: Path) -> None:
    given = {"st": {**made.SMALL["st"], "lr": 1e-12, "weight_decay": 0}}
    start = made.backbone(tmp_path).module.state_dict()["conv1.0.weight"]
    kept = trained(tmp_path, "st", **given).method.model["backbone"].state_dict()["conv1.0.weight"]
    torch.testing.assert_close(kept, start)
    other = tmp_path / "other"
    other.mkdir()
    anew = (
        trained(other, "st", **given, init="random").method.model["backbone"].state_dict()["conv1.0.weight"]
    )
    assert (anew - start).abs().max() > 1e-3


def test_bfloat16_trains_as_well(tmp_path: Path) -> None:
    full = trained(tmp_path, "st").history[-1]
    other = tmp_path / "other"
    other.mkdir()
    half = trained(other, "st", precision="bfloat16").history[-1]
    assert half["loss/sr"] == pytest.approx(full["loss/sr"], rel=0.1)


def test_a_set_without_what_a_task_needs_is_one_line(tmp_path: Path) -> None:
    sets = made.sets()
    bare = type(sets["anp"])(**{**vars(sets["anp"]), "captions": None, "labels": {}})
    for key, what in (("anp", "needs one single-label task, or one of this name"), ("caption", "captions")):
        with pytest.raises(UserError, match=what):
            train_specialist(
                made.backbone(tmp_path), {**sets, key: bare}, made.params(), part="hp", run=Run(tmp_path)
            )
    empty = type(sets["anp"])(**{**vars(sets["anp"]), "splits": np.array(["val"] * 14)})
    with pytest.raises(UserError, match="nothing to train the task 'scene' on, of 14 images"):
        train_specialist(
            made.backbone(tmp_path), {"scene": empty}, made.params(), part="ho", run=Run(tmp_path)
        )


def test_sides_that_are_no_multiple_of_the_patch_are_one_line(tmp_path: Path) -> None:
    for given, part, what in (
        ({"sr": {"low": 20, "high": 80}}, "st", "sr.low: 20 pixels are no multiple of .* patch, 16; take 16"),
        ({"jigsaw": {"side": 96 + 24}}, "ho", "a tile: 40 pixels .* take 32"),
    ):
        with pytest.raises(UserError, match=what):
            train_specialist(
                made.backbone(tmp_path, "test_vit.r160_in1k"),
                made.sets(),
                made.params(**given),
                part=part,
                run=Run(tmp_path),
            )


def test_the_code_of_a_run_is_the_engine_the_method_and_the_models() -> None:
    files = {file.relative_to(ROOT / "pacl_core").as_posix() for file in code_files(*CODE)}
    assert {"training/loop.py", "methods/feng/pretext/lab.py", "models/backbones/timm.py"} <= files
    assert not [file for file in files if file.startswith(("report", "cli", "evaluation", "methods/pacl"))]
