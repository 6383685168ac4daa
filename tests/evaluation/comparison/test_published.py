"""The paper's tables join to a run by backbone, protocol, data set, task, metric, method and prompt."""

import csv
from collections import Counter

import pytest

from pacl_core.datasets.record import load_record
from pacl_core.evaluation.comparison.published import EMOTIONCLIP, FENG, join, load_published
from pacl_core.report.metric_labels import metric_label
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


def clip_run(dataset, tasks, *variants):
    """A linear comparison of CLIP's ViT-B/32 in which every variant has 0.25."""
    values = {"variants": {name: {"mean": 0.25} for name in variants}, "differences": {}}
    return run("linear", dataset, tasks, "ViT-B-32") | {
        "variants": list(variants),
        "backbones": dict.fromkeys(variants, "ViT-B-32"),
        "tasks": {
            name: {"chosen": {}, "figures": dict.fromkeys(metrics, values)} for name, metrics in tasks.items()
        },
    }


def test_emotionclips_tables_join_by_variant():
    found = joined(
        clip_run("bold", {"emotions": ["map", "auc"], "vad": ["r2"]}, "vanilla", "sap", "emotionclip")
    )
    assert found == {
        ("EmotionCLIP 1", "emotions", "map", "vanilla"): 0.2197,
        ("EmotionCLIP 1", "emotions", "auc", "vanilla"): 0.6885,
        ("EmotionCLIP 1", "vad", "r2", "vanilla"): 0.13,
        ("EmotionCLIP 1", "emotions", "map", "sap"): 0.2228,
        ("EmotionCLIP 1", "emotions", "auc", "sap"): 0.6906,
        ("EmotionCLIP 1", "vad", "r2", "sap"): 0.131,
        **{
            (f"EmotionCLIP {table}", *row): value
            for table in (1, 3, 4)
            for row, value in {
                ("emotions", "map", "emotionclip"): 0.2251,
                ("emotions", "auc", "emotionclip"): 0.693,
                ("vad", "r2", "emotionclip"): 0.133,
            }.items()
            if (table, row[0]) != (3, "vad")
        },
    }
    own = joined(clip_run("moviegraphs", {"emotions": ["hit_at_1"]}, "emotionclip"))
    assert own == {("EmotionCLIP 4", "emotions", "hit_at_1", "emotionclip"): 0.3235}
    own = joined(clip_run("bold", {"emotions": ["map"]}, "text_random", "text_frames_frozen"))
    assert own == {
        ("EmotionCLIP 3", "emotions", "map", "text_random"): 0.1243,
        ("EmotionCLIP 3", "emotions", "map", "text_frames_frozen"): 0.1843,
    }


def test_emotionclips_tables_hold_what_was_printed():
    own = [one for one in PUBLISHED if one.table in EMOTIONCLIP]
    assert [sum(one.table == table for one in own) for table in EMOTIONCLIP] == [12, 12, 68]
    names = {(one.dataset, one.task, one.metric) for one in own}
    records = ROOT / "data" / "datasets"
    for dataset, task, metric in names:
        assert task in load_record(records / f"{dataset}.yaml").tasks
        assert metric_label(metric).better is not None
    values = {(one.method, one.metric): one.value for one in own if one.dataset == "liris_accede"}
    assert values["Affect2MM (multimodal)", "mse_x100_valence"] == pytest.approx(100 * 0.068 / 4)
    assert not any(one.models for one in own if one.backbone == "")
    shown = {(one.method, one.metric): one.value for one in own if one.settings.get("part") == "4a"}
    assert shown["VideoCLIP", "r2"] == -5.11


def of_feng(dataset, protocol, tasks, backbone="resnet50.a1_in1k"):
    """A comparison in which initial and feng have 0.25."""
    values = {"variants": {"initial": {"mean": 0.25}, "feng": {"mean": 0.25}}, "differences": {}}
    return run(protocol, dataset, tasks, backbone) | {
        "variants": ["initial", "feng"],
        "backbones": {"initial": backbone, "feng": backbone},
        "tasks": {
            name: {"chosen": {}, "figures": dict.fromkeys(metrics, values)} for name, metrics in tasks.items()
        },
    }


def test_feng_et_al_fine_tuned_is_the_amalgamation_and_linear_the_one_backbone():
    fi = {"emotion": ["accuracy"]}
    assert joined(of_feng("fi", "amalgamate", fi)) == {
        (1, "emotion", "accuracy", "feng"): published_row(1, "finetune", "ResNet-50"),
        ("Feng 1", "emotion", "accuracy", "feng"): 0.707,
        ("Feng 2", "emotion", "accuracy", "feng"): 0.707,
    }
    assert joined(of_feng("fi", "linear", fi))[1, "emotion", "accuracy", "feng"] == published_row(
        1, "linear", "ResNet-50"
    )
    # plain fine-tuning of the one backbone is no row of theirs
    assert {key[3] for key in joined(of_feng("fi", "finetune", fi))} == {"initial"}
    rows = join(PUBLISHED, [of_feng("abstract", "amalgamate", {"emotions": ["kl"]}, "vgg16_bn.tv_in1k")])
    assert [(row["table"], row["protocol"], row["method"]) for row in rows] == [
        ("Feng 1", "amalgamate", "Feng et al.")
    ]


def published_row(table, protocol, backbone):
    (found,) = [
        one.value
        for one in PUBLISHED
        if (one.table, one.protocol, one.backbone, one.method) == (table, protocol, backbone, "Feng et al.")
        and (one.dataset, one.metric) == ("fi", "accuracy")
    ]
    return found


def test_feng_et_als_tables_hold_what_was_printed():
    every = load_published(FOLDER, (*FENG, "Feng 3", "Feng 4"))
    assert Counter(one.table for one in every) == {"Feng 1": 220, "Feng 2": 5, "Feng 3": 10, "Feng 4": 10}
    for one in every:
        assert one.models, one.backbone
        assert 0 < one.value < (10 if one.metric in ("clark", "canberra") else 1)
        assert metric_label(one.metric).better is not None
        tasks = load_record(ROOT / "data/datasets" / f"{one.dataset}.yaml").tasks
        assert (one.task in tasks) == (one.task != "emotions_multi_label")
    best = max((one for one in every if one.table == "Feng 3"), key=lambda one: one.value)
    assert best.value == 0.702 and best.settings == {"features": "none", "logits": "hp", "target": "st+ho+hp"}


def test_the_repeated_row_of_table_1_is_kept_as_printed():
    feng = [one for one in PUBLISHED if one.table == 1 and one.method == "Feng et al."]
    by_backbone = {
        name: [(one.protocol, one.dataset, one.metric, one.value) for one in feng if one.backbone == name]
        for name in ("ViT-base", "ViT-clip", "Swin-base")
    }
    assert by_backbone["ViT-clip"] == by_backbone["ViT-base"] != by_backbone["Swin-base"]
