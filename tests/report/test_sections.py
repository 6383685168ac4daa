"""What the sections take from artefacts: a function per section, without the page."""

import json

import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.files.json_csv import write_json
from pacl_core.report.build import MAX_BYTES, NAMES, render
from pacl_core.report.images import thumbnails
from pacl_core.report.sections.clusters import clusters
from pacl_core.report.sections.examples import examples
from pacl_core.report.sections.few_labels import learning_curves
from pacl_core.report.sections.limits import leaks, limits
from pacl_core.report.sections.partition import thresholds
from pacl_core.report.sections.results import in_short, main_results, overview, published, results, uncertain
from pacl_core.report.sections.run import lookup, what_ran
from pacl_core.report.sections.task_details import task_details
from pacl_core.report.sections.training import rebuilt, training

IMAGE = thumbnails(1.0)


def test_the_runs_own_thresholds_give_the_runs_own_shares(root, artefacts):
    own = {"factual": 0.7, "emotional": 0.55}
    found = thresholds(artefacts, {"partition": {"factual": {"transform": "clipscore"}}}, own)
    shares = json.loads((root / "metrics/partition.json").read_text())["shares"]
    (row,) = [row for row in found["tables"]["factual"] if row["own"]]
    assert row["at"] == 0.7
    assert row["shares"] == pytest.approx([shares[name] for name in list(NAMES)[:4]])
    assert found["transforms"] == {"factual": "clipscore", "emotional": "raw"}
    data = json.loads(found["json"])
    place = found["own"]["factual"] * len(data["steps"]["emotional"]) + found["own"]["emotional"]
    assert sum(data["counts"][place]) == 400


@pytest.mark.parametrize("missing", ["plots/threshold_grid.csv", "a threshold"])
def test_no_grid_no_sliders(root, artefacts, missing):
    (root / missing).unlink(missing_ok=True)
    own = {"factual": None if missing == "a threshold" else 0.7, "emotional": 0.55}
    assert thresholds(artefacts, {}, own) is None


def test_a_cluster_shows_its_nearest_pairs_and_its_map(root, artefacts):
    table = pl.read_parquet(root / "data/partition.parquet")
    factual, emotional = clusters(artefacts, NAMES, IMAGE)
    label, pairs = factual["nearest"][1]
    assert label == "label 1"
    assert [pair["text"] for pair in pairs] == [table["text"][row] for row in (2, 3, 4)]
    by_cluster, by_partition = emotional["maps"]
    points = by_cluster.spec["data"]["values"]
    assert points == by_partition.spec["data"]["values"]
    assert {point["cluster"] for point in points} == {"label 0", "label 1"}
    assert points[0]["partition"] == NAMES[table["partition"][0]]
    (root / "plots/embedding_map.csv").unlink()
    (root / "data/cluster_examples.parquet").unlink()
    assert [one["maps"] for one in clusters(artefacts, NAMES, IMAGE)] == [[], []]


def test_rebuilt_positives_come_first_with_both_moments(root, artefacts):
    found = rebuilt(artefacts, IMAGE)
    kept = [[when["kept"] for when in one["when"]] for one in found["examples"]]
    assert kept == [[True, False]] * 4 + [[True, True]] * 2
    table = pl.read_parquet(root / "data/partition.parquet")
    first_weak = table.filter(partition="weak")["text"][0]
    assert {one["when"][1]["text"] for one in found["examples"][:4]} == {first_weak}


def test_a_record_of_other_pairs_is_not_shown(root, artefacts):
    path = root / "training/rebuilt_positives.json"
    record = json.loads(path.read_text())
    record["late"][0]["positive"] = "of another corpus"
    path.write_text(json.dumps(record))
    assert rebuilt(artefacts, IMAGE) is None
    path.write_text(json.dumps({"candidates": 0, "early": [], "late": []}))
    assert rebuilt(artefacts, IMAGE) is None


def test_a_query_has_what_each_variant_finds(artefacts):
    (one,) = examples(artefacts, IMAGE)
    assert one["same_label"] == {"top": "2", "items": 124, "shares": [("initial", 0.5), ("pacl", 0.625)]}
    first = one["queries"][0]
    assert first["label"] == "fear"
    found = {
        variant: [(row["rank"], row["same"]) for row in rows] for variant, rows in first["found"].items()
    }
    assert found == {"initial": [(1, False), (2, True)], "pacl": [(1, False), (3, False)]}
    (shots,) = one["zero_shot"]
    assert [(word, [row["predicted"] for row in rows]) for word, rows in shots["outcomes"]] == [
        ("right", ["joy"]),
        ("wrong", ["fear"]),
    ]


def test_the_overview_has_a_row_per_task_and_the_cards_those_that_can_be_compared(artefacts):
    evaluations = results(artefacts)
    assert [(one["dataset"], one["protocol"]) for one in evaluations] == [
        ("emoji_sentiment", "linear"),
        ("emoji_sentiment", "zero_shot"),
    ]
    rows = {row["task"]: row["label"].text for row in overview(evaluations)}
    assert rows["valence"] == "R²" and rows["levels"] == "Accuracy, fine"
    assert [row["task"] for row in main_results(evaluations)] == ["valence", "polarity", "levels", "themes"]


def test_published_values_are_grouped_by_table_and_protocol(artefacts):
    (table,) = published(artefacts)
    assert (table["caption"], table["methods"]) == (
        "Table 1: enhancement (ResNet-50, linear)",
        ["initial", "PACL"],
    )
    (row,) = table["rows"]
    assert row["cells"] == {"initial": ("57.72", "61.20", "+3.48"), "PACL": ("59.50", "–", "")}


def test_published_values_of_another_paper_are_tables_of_their_own(artefacts):
    place = {"backbone": "ViT-B/32", "protocol": "linear", "dataset": "bold", "task": "emotions"}
    row = {"method": "SAP", "variant": "sap", "published": 0.2228, "ours": 0.2, "difference": -0.0228}
    rows = [{"table": f"EmotionCLIP {number}", "metric": "map"} | place | row for number in (1, 4)]
    write_json(artefacts.metrics / "published.json", rows)
    found = published(artefacts)
    assert [table["caption"] for table in found] == [
        "EmotionCLIP, Table 1: subject and sentiment (ViT-B/32, linear)",
        "EmotionCLIP, Table 4: other data sets (ViT-B/32, linear)",
    ]
    assert found[0]["rows"][0]["cells"] == {"SAP": ("22.28", "20.00", "−2.28")}


def test_what_ran_has_models_settings_and_corpus(artefacts):
    params = {"train": {"epochs": 3}, "backbone": {"kind": "timm", "name": "resnet50"}}
    ran = what_ran(artefacts, params)
    assert ran["settings"] == [("Backbone", "timm, resnet50"), ("Epochs", "3")]
    assert [model["variant"] for model in ran["models"]] == ["initial", "pacl"]
    assert ran["models"][1]["training"] == [("steps", "141"), ("samples.strong", "78")]
    assert ran["corpus"]["rejected"] == 7
    assert lookup(params, "train.epochs") == 3 and lookup(params, "train.epochs.of") is None


def test_empty_partitions_are_limits(root, artefacts):
    path = root / "metrics/partition.json"
    metrics = json.loads(path.read_text())
    metrics["shares"] |= {"strong": 0.0, "weak": 0.0}
    path.write_text(json.dumps(metrics))
    found = limits(artefacts.metrics, {}, None)
    assert "No pair is strong or weak; training learnt nothing from these partitions." in found
    assert found[0].startswith("400 pairs were used")
    assert leaks(artefacts.metrics, {"downstream": {"emoji_sentiment": {}}})[0]["near_items"] == 5
    assert leaks(artefacts.metrics, {}) == []


def test_details_of_a_task_are_one_block_or_one_per_level():
    classes = [{"class": "joy", "support": 4, "f1": 0.5}, {"class": "fear", "support": 0, "f1": None}]
    single = {"per_class": classes, "confusion": [[3.0, 1.0], [0.0, 0.0]]}
    (block,) = task_details({"initial": single, "pacl": single})
    assert block["per_class"]["metrics"] == ["f1"]
    assert block["per_class"]["rows"] == [("joy", 4, ["50.0", "50.0"]), ("fear", 0, ["–", "–"])]
    assert block["confusions"][0] == (
        "initial",
        ["joy", "fear"],
        [[(3.0, 0.75), (1.0, 0.25)], [(0.0, 0.0), (0.0, 0.0)]],
    )
    levels = task_details({"pacl": {"coarse": single, "fine": single, "accuracy": 0.5}})
    assert [one["level"] for one in levels] == ["coarse", "fine"]
    assert task_details({"pacl": {}}) == []


def test_phases_begin_where_a_partitions_loss_does(root, artefacts):
    (root / "training/plots/metrics/loss/weak.tsv").write_text("step\tweak\n8\t1.0\n9\t0.9\n")
    (root / "training/plots/metrics/loss/partial_emotional.tsv").write_text(
        "step\tpartial_emotional\n4\t1.0\n"
    )
    assert training(artefacts)["phases"] == [(0.5, "strong"), (4.5, "+ partial"), (8.5, "+ weak")]


def test_a_page_that_is_too_large_gets_smaller_images_and_then_an_error(artefacts, params_text, html):
    size = len(html.encode())
    assert size < MAX_BYTES
    smaller = render(artefacts, params_text, count=8, seed=0, max_bytes=size - 1)
    assert len(smaller.encode()) < size
    with pytest.raises(UserError, match=r"lower report\.samples"):
        render(artefacts, params_text, count=8, seed=0, max_bytes=1_000_000)


def few_shot(numbers, protocol="few_shot"):
    def entry(labels):
        accuracy = {"mean": labels / 100, "low": 0.1, "high": 0.9}
        undefined = {"mean": None, "low": None, "high": None, "reason": "no class"}
        both = {"initial": accuracy, "pacl": undefined}
        constants = {"chance": {"value": 0.2}, "most_frequent": {"value": 0.4}}
        baselines = {name: one | {"differences": {}} for name, one in constants.items()}
        figures = {"accuracy": {"variants": both, "differences": {}, "baselines": baselines}}
        return {"task": {"kind": "single_label"}, "test_items": 9, "chosen": {}, "figures": figures}

    tasks = {f"mood, said so, {number} labels": entry(number) for number in numbers}
    return {"dataset": "set", "protocol": protocol, "tasks": tasks}


def test_learning_curves_are_of_the_main_metric_in_its_unit():
    ((caption, chart),) = learning_curves(few_shot([16, 64]))
    assert caption == "mood, said so: Accuracy"
    rows = chart.spec["layer"][1]["data"]["values"]
    assert [(row["variant"], row["labels"], row["value"]) for row in rows] == [
        ("initial", 16, 16.0), ("initial", 64, 64.0),
    ]  # fmt: skip
    assert (rows[0]["low"], rows[0]["high"]) == (10.0, 90.0)
    constant = [{"value": 40.0, "said": "the most frequent class"}]
    assert [one["data"]["values"] for one in chart.spec["layer"][2:]] == [constant] * 2
    assert learning_curves(few_shot([16])) == []  # a point is no curve
    assert learning_curves(few_shot([16, 64], "linear")) == []


def test_learning_curves_are_on_the_page(root, artefacts, params_text):
    path = root / "metrics/comparison.json"
    comparisons = json.loads(path.read_text())
    few = comparisons[0] | few_shot([16, 64])
    for task in few["tasks"].values():
        task["figures"]["accuracy"]["variants"]["initial"]["std"] = 0.01
    path.write_text(json.dumps([*comparisons, few]))
    html = render(artefacts, params_text, count=1, seed=0)
    assert 'data-chart="chart-few-set-0"' in html and "ten draws" in html


def change_by(items, training_seeds):
    known = [source for source in (items, training_seeds) if source is not None]
    mostly = ("items" if items == max(known) else "training_seeds") if len(known) == 2 else None
    return {"std_by": {"items": items, "training_seeds": training_seeds}, "mostly_by": mostly}


def test_what_makes_a_difference_uncertain_is_one_sentence():
    shown = "{:.3f}".format
    assert uncertain(change_by(0.021, 0.008), shown) == (
        "uncertain mostly by the items (0.021), less by the training seeds (0.008)"
    )
    assert uncertain(change_by(0.021, 0.08), shown) == (
        "uncertain mostly by the training seeds (0.080), less by the items (0.021)"
    )
    assert uncertain(change_by(0.021, None), shown) == (
        "uncertain by the items (0.021), and by the training seeds to a degree that one training does not "
        "show"
    )
    assert uncertain(change_by(None, None), shown) is None and uncertain({}, shown) is None


def test_cards_overview_and_limits_name_both_sources(root, artefacts, params_text):
    path = root / "metrics/comparison.json"
    comparisons = json.loads(path.read_text())
    figures = comparisons[0]["tasks"]["polarity"]["figures"]["accuracy"]
    figures["differences"]["pacl"] |= change_by(0.0312, None)
    path.write_text(json.dumps(comparisons))
    once = render(artefacts, params_text, count=1, seed=0)
    unknown = (
        "uncertain by the items (3.12), and by the training seeds to a degree that one training does not show"
    )
    assert f'<dd class="aside">{unknown}</dd>' in once
    assert "items 3.12, training seeds unknown</small>" in once
    assert "another corpus, training seed or test set. With train.seeds 3 or more" in once

    figures["differences"]["pacl"] |= change_by(0.0312, 0.05)
    figures["variants"]["pacl"]["per_training_seed"] = {"0": 0.6, "1": 0.5, "2": 0.7}
    path.write_text(json.dumps(comparisons))
    several = render(artefacts, params_text, count=1, seed=0)
    assert "uncertain mostly by the training seeds (5.00), less by the items (3.12)</dd>" in several
    assert "items 3.12, training seeds 5.00</small>" in several
    assert "from resampling these items and from the training seeds of pacl (3); they say" in several
    assert "another corpus or test set." in several


def test_limits_name_the_variants_that_were_trained_once(artefacts):
    evaluations = results(artefacts)
    for one in evaluations:
        one["trainings"] = {"initial": 1, "pacl": 3, "plain": 1}
    said = limits(artefacts.metrics, {}, evaluations)
    assert any(
        "seeds of pacl (3); they say nothing about another corpus or test set, nor, of plain, about another "
        "training seed." in sentence
        for sentence in said
    )


def test_all_bars_of_a_metric_have_one_axis_and_right_is_better(root, artefacts):
    """R2 and its part are one metric; MSE falls, so its axis is turned."""
    path = root / "metrics/comparison.json"
    comparisons = json.loads(path.read_text())
    figures = comparisons[0]["tasks"]["valence"]["figures"]
    wide = json.loads(json.dumps(figures["r2"]))
    wide["differences"]["pacl"] |= {"low": -0.3, "high": 0.4}
    figures["r2_arousal"] = wide
    path.write_text(json.dumps(comparisons))
    rows = {row["label"].text: row for row in results(artefacts)[0]["tasks"][0]["rows"]}
    assert (
        rows["R²"]["changes"][0]["ticks"]
        == rows["R², arousal"]["changes"][0]["ticks"]
        == ["−0.5", "0", "+0.5"]
    )
    assert rows["MSE × 100"]["changes"][0]["ticks"][2].startswith("−")
    assert "baseline" in rows["R²"]["changes"][0]["chart"]


def test_of_several_prompts_the_ensemble_is_shown():
    rows = [
        {"dataset": "set", "protocol": "zero_shot", "task": task}
        for task in ("mood, ensemble", "mood, prompt 1", "mood, prompt 2", "valence, moods", "age, prompt 1")
    ]
    assert [row["task"] for row in in_short(rows)] == ["mood, ensemble", "valence, moods", "age, prompt 1"]
