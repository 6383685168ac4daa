"""A summary comes back as it was written; anything else is refused."""

import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics.summary import summarise
from pacl_core.evaluation.predictions import Outcome
from pacl_core.evaluation.summary_file import Evaluation, read_summary, write_summary
from tests.evaluation.drawn_predictions import POLARITY, VALENCE, of_polarity, of_valence


def test_a_summary_comes_back_as_written(tmp_path):
    outcomes = [
        Outcome(VALENCE, [of_valence()], {"epochs": [3, 1, 2]}),
        Outcome(POLARITY, [of_polarity()], {"C": 1.0}),
    ]
    train_targets = {one.task.name: one.test.target for one in outcomes}
    tasks = summarise(outcomes, 100, train_targets)
    path = tmp_path / "photos-linear-pacl.json"
    write_summary(
        path,
        Evaluation(
            dataset="photos",
            protocol="linear",
            variant="pacl",
            backbone="resnet50",
            not_applicable=None,
            excluded_test_items=7,
        ),
        tasks,
    )
    back = read_summary(path)
    assert back["tasks"] == {name: one | {"task": back["tasks"][name]["task"]} for name, one in tasks.items()}
    assert (back["dataset"], back["protocol"], back["variant"]) == ("photos", "linear", "pacl")
    assert (back["backbone"], back["not_applicable"], back["excluded_test_items"]) == ("resnet50", None, 7)
    valence = back["tasks"]["valence"]
    assert Task.from_json(valence["task"]) == VALENCE
    assert (valence["test_items"], valence["chosen"]) == (300, {"epochs": [3, 1, 2]})
    assert valence["figures"] == tasks["valence"]["figures"]


def test_what_does_not_apply_says_why_and_has_no_tasks(tmp_path):
    evaluation = Evaluation(
        dataset="photos",
        protocol="zero_shot",
        variant="initial",
        backbone="resnet50",
        not_applicable="no projector",
        excluded_test_items=0,
    )
    write_summary(tmp_path / "s.json", evaluation, {})
    back = read_summary(tmp_path / "s.json")
    assert (back["not_applicable"], back["tasks"]) == ("no projector", {})


@pytest.mark.parametrize(
    ("text", "message"), [(None, "missing"), ("{", "not JSON"), ('{"tasks": {}}', "not the summary")]
)
def test_a_file_that_is_no_summary_is_refused(tmp_path, text, message):
    path = tmp_path / "s.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_summary(path)
