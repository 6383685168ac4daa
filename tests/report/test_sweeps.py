"""The paper's tables next to runs (runs, sweeps), from the JSON that `dvc exp show` prints."""

import copy
import json

import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation.comparison.published import load_published
from pacl_core.report.runs import read_runs
from pacl_core.report.sweeps import TABLES, paper_tables
from tests.paths import ROOT

PAPER = load_published(ROOT / "data/published", TABLES)
PARAMS = {
    "partition": {
        "mode": "both",
        "factual": {"threshold": 0.7, "share": None},
        "emotional": {"threshold": 0.7, "share": None},
    },
    "backbone": {"name": "resnet50.a1_in1k"},
    "text_encoder": {"kind": "hf", "name": "skep"},
    "pseudo_labels": {"k": 2},
    "train": {"usage": "weak", "temperature": 0.07},
    "evaluate": {
        "finetune": {"loss": "cross_entropy"},
        "zero_shot": {"prompts": ["Other [C]", "The photo makes me feel so [C]!"]},
    },
}


def entry(name, figures, **changes):
    """As DVC lists a run; `changes` are params by dotted key with __ for the dot."""
    params = copy.deepcopy(PARAMS)
    for key, value in changes.items():
        *path, last = key.split("__")
        section = params
        for part in path:
            section = section[part]
        section[last] = value
    metrics = {f"metrics/results/{stem}.json": {"data": row} for stem, row in figures.items()}
    metrics["metrics/pairs.json"] = {"data": {"pairs": 5}}
    return {
        "rev": "0" * 40,
        "name": name,
        "data": {"params": {"params.yaml": {"data": params}}, "metrics": metrics},
        "experiments": None,
    }


def fi(value):
    return {"fi-linear-emotion-accuracy": {"initial": 0.5, "pacl": value}}


def shown(workspace, *experiments, head=None):
    revisions = [{"revs": [one], "executor": None, "name": one["name"]} for one in experiments]
    head = head or entry("main", {})
    return json.dumps([workspace, head | {"experiments": revisions or None}])


def table(text, title):
    """The lines of one table as lists of cells."""
    markdown = paper_tables(read_runs(text, "dvc"), PAPER)
    body = markdown.split(f"## {title}")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if "|" in line
    ]


def lines(text, title, keys=1):
    """Key cells -> {column: cell}."""
    head, _, *body = table(text, title)
    return {tuple(line[:keys]): dict(zip(head[keys:], line[keys:], strict=True)) for line in body}


def test_table_1_takes_the_workspace_of_that_backbone():
    found = lines(shown(entry("workspace", fi(0.6012))), "Table 1", keys=3)
    assert found["linear", "ResNet-50", "PACL"]["fi emotion, Accuracy"] == "59.50 / 60.12 / +0.62"
    assert found["linear", "ResNet-50", "initial"]["fi emotion, Accuracy"] == "57.72 / 50.00 / −7.72"
    assert found["linear", "ViT-base", "PACL"]["fi emotion, Accuracy"] == "64.77 / not run"
    assert found["finetune", "ResNet-50", "PACL"]["iaps vad, R²"] == "0.313 / not run"
    assert len(found) == 26


def test_a_run_of_a_sweep_does_not_stand_for_table_1():
    swept = entry("sweep", fi(0.3), pseudo_labels__k=25)
    found = lines(shown(entry("workspace", {}), swept), "Table 1", keys=3)
    assert found["linear", "ResNet-50", "PACL"]["fi emotion, Accuracy"] == "59.50 / not run"


def test_table_2_tells_the_losses_apart_and_has_other_methods_alone():
    """The polarities themselves have no polarity, so that their loss is the usual one in any case."""
    figures = {
        "fi-finetune-emotion-accuracy": {"pacl": 0.81},
        "fi-finetune-polarity-accuracy": {"pacl": 0.96},
    }
    clip = {"backbone__name": "ViT-B-32-quickgelu", "evaluate__finetune__loss": "polarity_consistent"}
    found = lines(shown(entry("workspace", figures, **clip)), "Table 2", keys=3)
    assert found["finetune", "ViT-clip", "PACL + PDANet"]["fi emotion, Accuracy"] == "80.83 / 81.00 / +0.17"
    assert found["finetune", "ViT-clip", "PACL"]["fi emotion, Accuracy"] == "80.55 / not run"
    assert found["finetune", "ViT-clip", "PACL"]["fi polarity, Accuracy"] == "95.27 / 96.00 / +0.73"
    assert found["", "", "Sentibank [1]"]["fi polarity, Accuracy"] == "56.47"


def test_table_3_finds_the_prompt_by_its_text():
    figures = {"fi-zero_shot-emotion_prompt_2-accuracy": {"pacl": 0.3}}
    found = lines(shown(entry("workspace", figures)), "Table 3", keys=4)
    key = ("zero_shot", "ResNet-50", "PACL")
    assert found[*key, "The photo makes me feel so [C]!"]["fi emotion, Accuracy"] == "31.72 / 30.00 / −1.72"
    assert found[*key, "A photo with [C] emotion."]["fi emotion, Accuracy"] == "25.58 / not run"


def test_tables_4_and_5_take_experiments_by_their_parameters_not_names():
    figures = {"unbiasedemo-linear-emotion-accuracy": {"initial": 0.6, "pacl": 0.65}}
    thresholds = {"partition__factual__threshold": 0.3, "partition__emotional__threshold": 0.3}
    text = shown(
        entry("workspace", fi(0.60)),
        entry("x", figures, partition__mode="factual", train__usage="partial"),
        entry("y", fi(0.58), **thresholds),
        entry("z", fi(0.57), pseudo_labels__k=10),
        entry("w", fi(0.56), train__temperature=0.5, pseudo_labels__k=10),
        entry("one threshold alone", fi(0.1), partition__factual__threshold=0.5),
    )
    ablation = lines(text, "Table 4", keys=2)
    assert ablation["factual", "partial"]["unbiasedemo emotion, Accuracy"] == "65.13 / 65.00 / −0.13"
    assert ablation["none", "strong"]["unbiasedemo emotion, Accuracy"] == "60.53 / not run"
    column = "fi emotion, Accuracy"
    assert lines(text, "Table 5: sigma")["0.3",][column] == "58.50 / 58.00 / −0.50"
    assert lines(text, "Table 5: sigma")["0.7",][column] == "59.59 / 60.00 / +0.41"
    assert lines(text, "Table 5: sigma")["0.5",][column] == "58.58 / not run"
    assert lines(text, "Table 5: k")["10",][column] == "57.98 / 57.00 / −0.98"
    assert lines(text, "Table 5: tau")["0.5",][column] == "58.81 / not run"


def test_other_data_sets_follow_as_ours_alone():
    own = {"oasis-linear-vad-r2": {"initial": 0.1, "pacl": 0.25}}
    text = shown(entry("workspace", {}), entry("z", own, pseudo_labels__k=3))
    found = lines(text, "Table 5: k")
    assert found["3",]["oasis-linear-vad-r2"] == "0.250"
    assert found["2",]["oasis-linear-vad-r2"] == "not run"


def test_figure_5_has_a_row_per_text_encoder():
    text = shown(
        entry("workspace", fi(0.60)),
        entry("a", fi(0.59), text_encoder__name="bert-base"),
        entry("b", fi(0.2), text_encoder__name="roberta", pseudo_labels__k=3),
    )
    assert lines(text, "Figure 5") == {
        ("bert-base",): {"fi-linear-emotion-accuracy": "59.00"},
        ("skep",): {"fi-linear-emotion-accuracy": "60.00"},
    }


def test_queued_and_failed_experiments_have_no_figures():
    queued = entry("queued", {}, pseudo_labels__k=3)
    failed = {"rev": "1" * 40, "name": "failed", "data": None, "error": {"msg": "x"}, "experiments": None}
    unread = entry("unread", {}, pseudo_labels__k=6)
    unread["data"]["metrics"]["metrics/results/fi-linear-emotion-accuracy.json"] = {"error": {"msg": "x"}}
    runs = read_runs(shown(entry("workspace", fi(0.6)), queued, failed, unread), "dvc")
    assert [run.name for run in runs] == ["workspace"]


@pytest.mark.parametrize("text", ["", "{}x", '{"a": 1}', "[1]"])
def test_what_is_not_dvcs_output_is_refused(text):
    with pytest.raises(UserError, match=r"runs\.json: not the output of 'dvc exp show --json'"):
        read_runs(text, "runs.json")


def test_the_terms_of_feng_et_als_amalgamation_are_swept():
    terms = {"features": {"st": [2], "ho": [3], "hp": [4]}, "logits": ["hp"], "target": ["st", "ho", "hp"]}
    alone = {"features": {"st": [2], "ho": [], "hp": []}, "logits": [], "target": ["st", "ho", "hp"]}
    figures = {"fi-amalgamate-emotion-accuracy": {"feng": 0.7, "initial": 0.5}}
    other = {"fi-amalgamate-emotion-accuracy": {"feng": 0.6}}
    head = entry("main", {}, evaluate__amalgamate=terms)
    text = shown(
        entry("workspace", figures, evaluate__amalgamate=terms),
        entry("st", other, evaluate__amalgamate=alone),
        head=head,
    )
    found = lines(text, "Feng et al., Table 3", keys=3)
    assert found["st", "none", "st+ho+hp"]["fi emotion, Accuracy"] == "67.83 / 60.00 / −7.83"
    assert found["none", "hp", "st+ho+hp"]["fi emotion, Accuracy"] == "70.20 / not run"
    found = lines(text, "Feng et al., Table 4", keys=3)
    assert found["st+ho+hp", "hp", "st+ho+hp"]["fi emotion, Accuracy"] == "70.68 / 70.00 / −0.68"
    assert found["st+ho+hp", "hp", "none"]["fi emotion, Accuracy"] == "69.27 / not run"
    own = lines(text, "Feng et al., Table 2", keys=3)
    assert own["finetune", "ResNet-50", "Feng et al."]["fi emotion, Accuracy"] == "70.70 / 70.00 / −0.70"
    assert own["finetune", "ResNet-50", "SimCLR"]["fi emotion, Accuracy"] == "62.70"
