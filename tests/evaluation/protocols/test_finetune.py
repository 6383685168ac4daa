"""Fine-tuning a tiny ResNet on images whose colour is the target."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pacl_core.datasets.tasks import Level, Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols import finetune, tuned_runs
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.params.models import BackboneParams
from pacl_core.training import pixels
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_timm_resnet

COLOUR = Task("colour", "single_label", ("colour",), ("red", "blue"), polarity=(0, 1))
SHADES = ("dark red", "light red", "dark blue", "light blue")
LEVELS = (Level("colour", ("red", "blue")), Level("shade", SHADES))
HUE = Task("hue", "hierarchical", ("colour", "shade"), levels=LEVELS, ancestors=((0,), (0,), (1,), (1,)))
LIGHT = Task("light", "regression", ("light",), scale=(0, 1))
PARAMS = FinetuneParams(backbone_lr=1e-3, epochs=3, batch_size=8, batch_norm="frozen")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # here as in the process that is killed: more threads sum in another order
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    params = BackboneParams(**{**write_tiny_timm_resnet(folder / "published"), "image_size": 32})
    save_model(folder, load_backbone(params), training=None, projectors=None)
    return folder


def write_dataset(path: Path, poisoned: bool = False) -> Path:
    """48 images; `poisoned`: those of the test split are noise, with targets turned round."""
    chance = np.random.default_rng(0)
    split = np.array([("train", "train", "val", "test")[i % 4] for i in range(48)])
    colour, light = np.arange(48) // 4 % 2, chance.random(48)
    images = []
    for i in range(48):
        image = chance.integers(0, 60, (40, 44, 3))
        image[..., 2 * colour[i]] += int(100 + 90 * light[i])
        if poisoned and split[i] == "test":
            image = np.random.default_rng(i).integers(0, 256, (40, 44, 3))
        stream = io.BytesIO()
        Image.fromarray(image.astype(np.uint8)).save(stream, "JPEG")
        images.append(stream.getvalue())
    if poisoned:
        colour, light = (np.where(split == "test", 1 - values, values) for values in (colour, light))
    columns = {
        "item_id": [f"item{i:02}" for i in range(48)],
        "image": images,
        "split": split.tolist(),
        "colour": pa.array(colour, pa.int32()),
        "shade": pa.array(2 * colour + (light > 0.5), pa.int32()),
        "light": pa.array(light, pa.float32()),
    }
    pq.write_table(pa.table(columns), path)
    return path


FOLD, VAL_OF = np.arange(48) // 8 % 3, np.where(np.arange(48) % 2, (np.arange(48) // 8 - 1) % 3, -1)


def write_folds(path: Path, poisoned: int | None = None) -> Path:
    """The same images in three folds; `poisoned`: the targets of that one are turned round."""
    table = pq.read_table(write_dataset(path))
    columns = {name: table[name] for name in table.column_names}
    if poisoned is not None:
        light = np.where(poisoned == FOLD, 1 - table["light"].to_numpy(), table["light"].to_numpy())
        columns["light"] = pa.array(light, pa.float32())
    columns["fold"] = pa.array(FOLD, pa.int8())
    columns["val_of"] = pa.array(VAL_OF, pa.int8(), mask=VAL_OF < 0)
    pq.write_table(pa.table(columns), path)
    return path


def run_folds(dataset, model, work, params, tasks=(LIGHT,)):
    place = tuned_runs.Workplace("cpu", 2, work)
    return finetune.run(tasks, dataset, model, params=params, excluded={"item07"}, place=place)


def run(folder, model, tasks=(COLOUR,), params=PARAMS, name="work", poisoned=False, workers=2):
    dataset = write_dataset(folder / f"colours-{poisoned}.parquet", poisoned)
    place = tuned_runs.Workplace("cpu", workers, folder / name)
    return finetune.run(tasks, dataset, model, params=params, excluded=(), place=place)


def same(outcomes, others) -> bool:
    return all(
        one.chosen == other.chosen and np.array_equal(a.prediction, b.prediction) and a.item_ids == b.item_ids
        for one, other in zip(outcomes, others, strict=True)
        for a, b in zip(one.predictions, other.predictions, strict=True)
    )


def test_it_learns_every_task_of_a_data_set(tmp_path, model):
    params = PARAMS.model_copy(update={"seeds": 2, "epochs": 6})
    colour, hue, light = run(tmp_path, model, (COLOUR, HUE, LIGHT), params)
    assert colour.test.prediction.shape == (2, 12, 2)
    assert (colour.test.prediction.argmax(axis=2) == colour.test.target[:, 0]).mean() == 1
    np.testing.assert_allclose(colour.test.prediction.sum(axis=2), 1)
    assert not np.array_equal(*colour.test.prediction)  # another seed, another run
    assert len(colour.chosen["epochs"]) == 2

    assert hue.test.prediction.shape == (2, 12, 6)
    np.testing.assert_allclose(hue.test.prediction[..., :2].sum(axis=2), 1)
    np.testing.assert_allclose(hue.test.prediction[..., 2:].sum(axis=2), 1)
    assert (hue.test.prediction[..., :2].argmax(axis=2) == hue.test.target[:, 0]).mean() == 1

    squares = ((light.test.prediction - light.test.target) ** 2).mean()
    assert squares < 0.8 * light.test.target.var()  # of the training mean it is about 1


def test_the_epoch_chosen_is_that_of_the_lowest_validation_loss(tmp_path, model):
    (outcome,) = run(tmp_path, model, (LIGHT,), PARAMS.model_copy(update={"head_lr": 0.3}))
    val = outcome.predictions[0]
    loss = ((val.prediction[0] - val.target) ** 2).mean()
    assert outcome.chosen["validation_loss"] == [pytest.approx(loss, rel=1e-5)]
    losses = json.loads((tmp_path / "work/task-0-seed-0/done.json").read_text())["losses"]
    assert len(losses) == PARAMS.epochs
    assert outcome.chosen["epochs"] == [int(np.argmin(losses)) + 1]
    assert outcome.chosen["validation_loss"] == [min(losses)]


def test_the_test_split_changes_neither_epochs_nor_weights(tmp_path, model):
    """Other test images and other test targets: validation predictions stay the same to the bit."""
    params = PARAMS.model_copy(update={"epochs": 2})
    clean = run(tmp_path, model, (COLOUR, LIGHT), params, "clean")
    poisoned = run(tmp_path, model, (COLOUR, LIGHT), params, "poisoned", poisoned=True)
    for one, other in zip(clean, poisoned, strict=True):
        assert one.chosen == other.chosen
        assert np.array_equal(one.predictions[0].prediction, other.predictions[0].prediction)
        assert not np.array_equal(one.test.prediction, other.test.prediction)


def test_test_images_are_looked_at_after_every_run(tmp_path, model, monkeypatch):
    order = []
    for name in ("fit", "unpacked_images"):
        real = getattr(tuned_runs, name)

        def noted(*given, real=real, name=name, **named):
            order.append(name)
            return real(*given, **named)

        monkeypatch.setattr(tuned_runs, name, noted)
    params = PARAMS.model_copy(update={"epochs": 1, "seeds": 2})
    run(tmp_path, model, (COLOUR, LIGHT), params)
    assert order == ["unpacked_images", *["fit"] * 4, "unpacked_images"]
    assert len(np.load(tmp_path / "work/train-val/images.npy")) == 36 + 1
    assert len(np.load(tmp_path / "work/test/images.npy")) == 12 + 1


@pytest.mark.parametrize("cropped", [False, True])
def test_same_bits_whatever_the_workers_and_the_room_for_pixels(tmp_path, model, monkeypatch, cropped):
    params = PARAMS.model_copy(update={"epochs": 2, "horizontal_flip": True, "random_resized_crop": cropped})
    params = params.model_copy(update={"batch_norm": "update"})
    first = run(tmp_path, model, params=params, name="a", workers=1)
    monkeypatch.setattr(pixels, "CACHE_BYTES", 0)
    second = run(tmp_path, model, params=params, name="b", workers=4)
    assert not (tmp_path / "b/train-val/pixels.npy").exists()
    assert same(first, second)


@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_batch_norm_statistics_follow_only_where_asked(tmp_path, model, batch_norm):
    run(tmp_path, model, params=PARAMS.model_copy(update={"epochs": 1, "batch_norm": batch_norm}))
    before = load_file(model / "backbone.safetensors")
    after = load_file(tmp_path / "work/task-0-seed-0/best-00001.safetensors")
    names = [name for name in before if name.endswith(("running_mean", "running_var"))]
    kept = [torch.equal(before[name], after[f"backbone.{name}"]) for name in names]
    assert names and all(kept) == (batch_norm == "frozen") and any(kept) == (batch_norm == "frozen")
    assert not torch.equal(before["conv1.0.weight"], after["backbone.conv1.0.weight"])


def test_a_polarity_loss_is_noted_where_it_applies(tmp_path, model):
    params = PARAMS.model_copy(update={"loss": "polarity_consistent", "epochs": 1})
    colour, light = run(tmp_path, model, (COLOUR, LIGHT), params)
    assert (colour.chosen["polarity_consistent"], light.chosen["polarity_consistent"]) == (True, False)
    (usual,) = run(tmp_path, model, (LIGHT,), PARAMS.model_copy(update={"epochs": 1}), name="usual")
    assert np.array_equal(light.test.prediction, usual.test.prediction)


def test_rates_that_burst_are_one_clear_line(tmp_path, model):
    params = PARAMS.model_copy(update={"backbone_lr": 1e30, "epochs": 1})
    with pytest.raises(
        UserError,
        match=r"light, seed 0: step \d .*loss of light is \w+; lower the learning rates in 'evaluate",
    ):
        run(tmp_path, model, (LIGHT,), params)


def test_each_item_of_folds_is_predicted_once_by_what_never_saw_its_target(tmp_path, model):
    """Turned round in fold 1, targets change no prediction of fold 1, but those of the others."""
    params = PARAMS.model_copy(update={"epochs": 2, "seeds": 2})
    clean, _ = run_folds(write_folds(tmp_path / "a.parquet"), model, tmp_path / "a", params, (LIGHT, COLOUR))
    (dirty,) = run_folds(write_folds(tmp_path / "b.parquet", poisoned=1), model, tmp_path / "b", params)
    expected = [f"item{i:02}" for fold in range(3) for i in np.flatnonzero(fold == FOLD) if i != 7]
    assert clean.test.item_ids == dirty.test.item_ids == expected
    assert clean.test.prediction.shape == (2, 47, 1)
    assert clean.predictions[0].item_ids == [
        f"item{i:02}" for fold in range(3) for i in np.flatnonzero(fold == VAL_OF)
    ]
    own = np.array([FOLD[int(item.removeprefix("item"))] == 1 for item in expected])
    assert (clean.test.prediction[:, own] == dirty.test.prediction[:, own]).all()
    assert (clean.test.prediction[:, ~own] != dirty.test.prediction[:, ~own]).all()
    assert clean.chosen["folds"][1] == dirty.chosen["folds"][1]
    assert [len(one["epochs"]) for one in clean.chosen["folds"]] == [2, 2, 2]
    assert len(np.load(tmp_path / "a/train-val-test/images.npy")) == 48 + 1  # once for all folds


def test_stopped_between_folds_only_what_is_left_is_fitted(tmp_path, model, monkeypatch):
    params = PARAMS.model_copy(update={"epochs": 1})
    dataset = write_folds(tmp_path / "colours.parquet")
    undisturbed = run_folds(dataset, model, tmp_path / "undisturbed", params)
    real, fitted = tuned_runs.fit, []

    def stopping(method, device):
        if len(fitted) == 2:
            raise InterruptedError
        fitted.append(method.work)
        return real(method, device)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(tuned_runs, "fit", stopping)
        run_folds(dataset, model, tmp_path / "work", params)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("done.json")}
    assert len(kept) == 2
    assert same(run_folds(dataset, model, tmp_path / "work", params), undisturbed)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_killed_and_started_again_gives_the_same_bits(tmp_path, model):
    params = PARAMS.model_copy(update={"seeds": 2, "horizontal_flip": True, "batch_norm": "update"})
    program = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; from tests.evaluation.protocols import test_finetune as t\n"
        "from pacl_core.params.evaluation import FinetuneParams\n"
        "t.run(Path(sys.argv[1]), Path(sys.argv[2]), (t.LIGHT,),"
        " FinetuneParams.model_validate_json(sys.argv[3]))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(model), params.model_dump_json()]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    # within a run, and within the next one
    for moment in ("task-0-seed-0/epoch-00002-000000000", "task-0-seed-1/epoch-00001-000000000"):
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 120
            while not (tmp_path / "work" / moment).exists():
                assert process.poll() is None, process.stderr.read().decode()
                assert time.monotonic() < deadline
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "work/task-0-seed-1/done.json").exists()
    resumed = run(tmp_path, model, (LIGHT,), params)
    assert same(resumed, run(tmp_path, model, (LIGHT,), params, name="undisturbed"))
