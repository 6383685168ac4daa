"""Heads kept for use say what the linear protocol's own heads said."""

import json
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from pacl_core.datasets.features import read_features
from pacl_core.datasets.task_data import read_task_data
from pacl_core.datasets.tasks import Level, Task, read_tasks
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols import linear
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.inference.heads import fit_saved_heads, heads_folder, readable, saved_heads
from pacl_core.params.evaluation import LinearParams

PARAMS = LinearParams(epochs=4, batch_size=8, seeds=3)


@pytest.fixture
def project(run, tmp_path):
    """A copy, as heads are written next to the model."""
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def fit(project, params=PARAMS):
    dataset = project / "data/downstream/emoji_sentiment.parquet"
    features = project / "data/features/emoji_sentiment-pacl"
    return fit_saved_heads(project / "models/pacl", dataset, features, params=params, device="cpu")


@pytest.mark.parametrize("params", [PARAMS, LinearParams(probe="convex")])
def test_predictions_are_the_protocols(project, params):
    fit(project, params)
    dataset = project / "data/downstream/emoji_sentiment.parquet"
    features = read_features(project / "data/features/emoji_sentiment-pacl", dataset)
    tasks = read_tasks(dataset.with_suffix(".json"))
    outcomes = linear.run(tasks, DownstreamData(dataset, features), params, device="cpu")
    [kept] = saved_heads(project / "models/pacl")
    for outcome in outcomes:
        test = next(part for part in outcome.predictions if part.split == "test")
        rows = read_task_data(outcome.task, dataset).rows["test"]
        found = [row[outcome.task.name] for row in kept.predict(features[rows])]
        mean_NC = test.prediction.mean(axis=0)
        expected = [readable(outcome.task, one) for one in mean_NC]
        assert len(found) == len(expected) > 0
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(flat(one), flat(other), rtol=1e-5, atol=1e-6)


def flat(value):
    return list(value.values()) if isinstance(value, dict) else [value]


def test_fitting_twice_writes_the_same_bytes(project):
    card = fit(project)
    first = {path.name: path.read_bytes() for path in card.parent.iterdir()}
    fit(project)
    assert first == {path.name: path.read_bytes() for path in card.parent.iterdir()}
    assert set(first) == {"emoji_sentiment.json", "emoji_sentiment.safetensors"}
    described = json.loads(first["emoji_sentiment.json"])
    assert [one["train_items"] for one in described["tasks"]] == [16, 16]


def test_heads_of_other_weights_are_left_out_with_a_warning(project, caplog):
    fit(project)
    weights = project / "models/pacl/backbone.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(weights).items()}, weights)
    assert list(saved_heads(project / "models/pacl")) == []
    assert "fitted on other weights" in caplog.text


def test_a_damaged_head_is_named(project):
    card = fit(project)
    card.write_text("{")
    with pytest.raises(UserError, match=r"emoji_sentiment\.json: no readable heads"):
        list(saved_heads(project / "models/pacl"))


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def changed_byte(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage", [cut, changed_byte, lambda path: path.write_bytes(b""), lambda path: path.unlink()]
)
def test_damaged_weights_of_a_head_are_named(project, damage):
    damage(fit(project).with_suffix(".safetensors"))
    with pytest.raises(
        UserError, match=r"emoji_sentiment\..*(no readable heads|damaged or replaced)"
    ) as error:
        list(saved_heads(project / "models/pacl"))
    assert "\n" not in str(error.value) and "fit again" in str(error.value)


@pytest.mark.parametrize("card", ["[]", '{"tasks": [1]}', "null"])
def test_a_card_of_another_kind_is_named(project, card):
    fit(project).write_text(card)
    with pytest.raises(UserError, match=r"emoji_sentiment\.json: no readable heads"):
        list(saved_heads(project / "models/pacl"))


def test_a_model_without_heads_has_none(run):
    assert list(saved_heads(run / "models/initial")) == []
    assert heads_folder(run / "models/initial").name == "initial.heads"


@pytest.mark.parametrize(
    ("task", "values", "expected"),
    [
        (Task("v", "regression", ("v",), scale=(1.0, 9.0)), [0.25], 3.0),
        (Task("va", "regression", ("v", "a"), scale=(0.0, 10.0)), [0.1, 0.5], {"v": 1.0, "a": 5.0}),
        (Task("p", "single_label", ("p",), classes=("no", "yes")), [0.25, 0.75], {"no": 0.25, "yes": 0.75}),
        (Task("m", "multi_label", ("joy", "awe")), [0.5, 1.0], {"joy": 0.5, "awe": 1.0}),
        (
            Task("h", "hierarchical", ("a", "b"), levels=(Level("c", ("x", "y")), Level("f", ("z",)))),
            [0.5, 0.5, 1.0],
            {"c": {"x": 0.5, "y": 0.5}, "f": {"z": 1.0}},
        ),
    ],
)
def test_predictions_read_under_their_names_and_scale(task, values, expected):
    assert readable(task, np.array(values)) == expected
