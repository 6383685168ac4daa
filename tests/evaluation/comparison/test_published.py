"""The paper's tables join to a run by backbone, protocol, data set, task, metric, method and prompt."""

import csv

import pytest

from pacl_core.evaluation.comparison.published import join, load_published
from tests.paths import ROOT

FOLDER = ROOT / "data/published"
PUBLISHED = load_published(FOLDER)


def run(protocol, dataset, tasks, backbone="resnet50.a1_in1k", chosen=None):
    """A comparison of initial (0.5 everywhere) and pacl (0.6)."""
    variants = ("initial", "pacl")
    values = {"variants": {"initial": {"mean": 0.5}, "pacl": {"mean": 0.6}}, "differences": {}}
    return {
        "dataset": dataset,
        "protocol": protocol,
        "variants": list(variants),
        "backbones": dict.fromkeys(variants, backbone),
        "not_applicable": {},
        "tasks": {
            name: {
                "chosen": dict.fromkeys(variants, chosen or {}),
                "figures": dict.fromkeys(metrics, values),
            }
            for name, metrics in tasks.items()
        },
    }


def joined(*comparisons):
    rows = join(PUBLISHED, comparisons)
    return {(row["table"], row["task"], row["metric"], row["variant"]): row["published"] for row in rows}


def test_table_1_joins_initial_and_pacl_of_the_same_backbone():
    found = joined(run("linear", "fi", {"emotion": ["accuracy", "f1_weighted", "ece"]}))
    assert found == {
        (1, "emotion", "accuracy", "initial"): 0.5772,
        (1, "emotion", "f1_weighted", "initial"): 0.5672,
        (1, "emotion", "accuracy", "pacl"): 0.5950,
        (1, "emotion", "f1_weighted", "pacl"): 0.5903,
    }
    assert joined(run("linear", "fi", {"emotion": ["accuracy"]}, backbone="efficientnet_lite0")) == {}


def test_difference_is_ours_minus_published():
    (row,) = join(PUBLISHED, [run("linear", "iaps", {"vad": ["r2"]})])[1:]
    assert row["variant"] == "pacl"
    assert row["difference"] == pytest.approx(0.6 - 0.310)


def test_web_emo_in_table_1_is_the_joint_task_and_in_table_2_each_level_alone():
    levels = {"levels": ["accuracy_polarity", "accuracy_emotion", "accuracy_fine"]}
    found = joined(run("linear", "webemo", levels))
    assert found[1, "levels", "accuracy_fine", "pacl"] == 0.2585
    clip = "ViT-B-32-quickgelu"
    alone = joined(run("finetune", "webemo", {"polarity": ["accuracy"], "fine": ["accuracy"]}, clip))
    assert alone == {(2, "polarity", "accuracy", "pacl"): 0.8406, (2, "fine", "accuracy", "pacl"): 0.4031}


def test_the_polarity_consistent_loss_is_table_2s_last_row():
    tasks = {"polarity": ["accuracy"], "emotion": ["accuracy"]}
    plain = joined(run("finetune", "fi", tasks, backbone="ViT-B-32-quickgelu"))
    assert plain[1, "emotion", "accuracy", "initial"] == 0.7733
    assert plain[2, "polarity", "accuracy", "pacl"] == 0.9527
    said = {"polarity_consistent": True}
    other = joined(run("finetune", "fi", tasks, "ViT-B-32-quickgelu", chosen=said))
    assert other == {
        (2, "polarity", "accuracy", "pacl"): 0.9606,
        (2, "emotion", "accuracy", "pacl"): 0.8083,
    }
    off = joined(run("finetune", "fi", tasks, "ViT-B-32-quickgelu", chosen={"polarity_consistent": False}))
    assert off == plain


def test_zero_shot_joins_by_prompt():
    said = {"prompt": "The photo makes me feel so [C]!"}
    found = joined(run("zero_shot", "fi", {"emotion, prompt 2": ["accuracy"]}, chosen=said))
    assert found == {(3, "emotion, prompt 2", "accuracy", "pacl"): 0.3172}
    clip = run("zero_shot", "fi", {"emotion, prompt 1": ["accuracy"]}, "ViT-B-32", chosen=said)
    assert joined(clip) == {(3, "emotion, prompt 1", "accuracy", "initial"): 0.1745}
    assert joined(run("zero_shot", "fi", {"emotion, ensemble": ["accuracy"]}, chosen={"prompt": "all"})) == {}


def test_a_variant_that_was_not_evaluated_has_no_row():
    one = run(
        "zero_shot", "fi", {"emotion, prompt 1": ["accuracy"]}, chosen={"prompt": "A photo with [C] emotion."}
    )
    assert set(joined(one)) == {(3, "emotion, prompt 1", "accuracy", "pacl")}
    assert joined(one | {"not_applicable": {"pacl": "no projectors"}}) == {}


@pytest.mark.parametrize(("table", "rows"), [(1, 26 * 18), (2, 42), (3, 18), (4, 16), (5, 102)])
def test_every_printed_value_is_there_in_our_units(table, rows):
    """Fractions lie in [0, 1]; `mse_x100` is as printed."""
    with (FOLDER / f"table{table}.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert len(found) == rows
    known = {line.split(",")[0] for line in (FOLDER / "backbones.csv").read_text().splitlines()[1:]}
    assert {row["backbone"] for row in found} <= known | {""}
    for row in found:
        assert 0 < float(row["value"]) < (3 if row["metric"] == "mse_x100" else 1)


def test_the_repeated_row_of_table_1_is_kept_as_printed():
    feng = [one for one in PUBLISHED if one.table == 1 and one.method == "Feng et al."]
    by_backbone = {
        name: [(one.protocol, one.dataset, one.metric, one.value) for one in feng if one.backbone == name]
        for name in ("ViT-base", "ViT-clip", "Swin-base")
    }
    assert by_backbone["ViT-clip"] == by_backbone["ViT-base"] != by_backbone["Swin-base"]
