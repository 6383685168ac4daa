"""The page of a training of Feng et al. (feng_page, sections/feng, sections/specialists)."""

import json
import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from pacl_core.methods.feng.run import SPECIALISTS as TRAINED
from pacl_core.params.feng import Task
from pacl_core.report.feng_page import feng_verdict, write_feng_report
from pacl_core.report.sections.controls import SPECIALISTS
from pacl_core.report.sections.feng import stand_ins
from pacl_core.report.sections.specialists import TASKS, learnt
from stages.report_feng import artefacts as artefacts_of
from tests.report.conftest import details, evaluation, figure, task, write, write_json
from tests.report.test_first_screen import box

PARAMS = {
    "backbone": {"kind": "timm", "name": "tf_efficientnet_lite0"},
    "pretext_sets": {
        "emoji_scenes": {"record": "data/datasets/emoji_scenes.yaml"},
        "vso": {"record": "data/datasets/vso.yaml"},
        "emoji_captions": {"record": "data/datasets/emoji_captions.yaml"},
    },
    "feng": {
        "mine": {
            "sets": {"scene": "emoji_scenes", "anp": "vso", "caption": "emoji_captions"},
            "init": "weights",
            "st": {"tasks": ["color", "sr"], "epochs": 3, "batch_size": 16},
            "ho": {"tasks": ["scene", "jigsaw"], "epochs": 3},
            "hp": {"tasks": ["anp", "caption"], "epochs": 3},
            "sr": {"low": 32, "high": 128},
            "distil": {"student": "hp", "epochs": 2},
        }
    },
    "downstream": {"emoji_sentiment": {"record": "r.yaml", "path": "p"}},
    "evaluate": {"variants": ["initial", "mine", "mine-st"], "protocols": ["linear"]},
}
OF = {"st": ("color", "sr"), "ho": ("scene", "jigsaw"), "hp": ("anp", "caption")}
# task -> its figures; the jigsaw is not learnt, and super resolution is worse than bicubic enlarging
FIGURES = {
    "color": {"held_out": 0.00512, "constant": 0.0098},
    "sr": {"held_out": 0.0041, "constant": 0.061, "bicubic": 0.0032},
    "scene": {"held_out": 1.2, "constant": 1.386, "accuracy": 0.411},
    "jigsaw": {"held_out": 6.93, "constant": 6.916, "accuracy": 0.002},
    "anp": {"held_out": 1.0, "constant": 1.386, "accuracy": 0.5},
    "caption": {"held_out": 2.1, "constant": 3.4, "bleu4": 0.071},
}
IMAGES = {
    "color": ("grey", "predicted", "true"),
    "sr": ("bicubic", "predicted", "true"),
    "jigsaw": ("seen", "predicted", "true"),
}
HOSTILE = "a <b>sad</b> clown"
WORDS = {
    "jigsaw": {"solved": False},
    "scene": {"true": "beach_house", "said": [{"class": "beach_house", "probability": 0.41}]},
    "anp": {
        "true": "happy_dog",
        "said": [{"class": "cute_<i>cat", "probability": 0.5}, {"class": "happy_dog", "probability": 0.25}],
    },
    "caption": {"true": HOSTILE, "said": "a clown"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with all that the page shows; not to be changed."""
    return write_feng_project(tmp_path_factory.mktemp("feng"))


@pytest.fixture(scope="module")
def html(made):
    return page(made)


@pytest.fixture
def root(made, tmp_path):
    """A copy of `made` to change."""
    return shutil.copytree(made, tmp_path / "copy")


def write_feng_project(root):
    generator = np.random.default_rng(0)
    card = {"kind": "timm", "name": "tf_efficientnet_lite0", "library": "timm"}
    card |= {"dim": 1280, "image_size": 112}
    student = {"method": "feng", "made": "without labels, which is ours"}
    for name, training in (("initial", None), ("mine", student)):
        write_json(root / f"models/{name}/model.json", card | {"training": training})
    for part, tasks in OF.items():
        folder = root / f"training_feng/mine-{part}"
        found = {name: FIGURES[name] for name in tasks} | {"loss": dict.fromkeys(tasks, 0.5), "step": 2}
        write_json(folder / "metrics.json", found)
        for name in tasks:
            for what, value in {
                f"loss/{name}": 0.9,
                **{f"{name}/{key}": 0.8 for key in FIGURES[name]},
            }.items():
                write_curve(folder / f"plots/metrics/{what}.tsv", value)
        write_pictures(folder / "examples", tasks, generator)
        own = {"tasks": {name: {"classes": [f"class {n}" for n in range(40)]} for name in tasks}}
        own |= {"held_out": dict.fromkeys(tasks, 123), "method": "feng"}
        write_json(root / f"models/mine-{part}/model.json", card | {"training": own})
    for term in ("feature_st_f2", "feature_ho_f3"):
        for what in (f"loss/{term}", f"{term}/held_out"):
            write_curve(root / f"training_feng/mine/plots/metrics/{what}.tsv", 0.7)
    compare(root, {"valence": task({"kind": "regression"}, r2=r2())})
    return root


def write_curve(path, value, epochs=3):
    rows = [f"{step}\t{value**step}" for step in range(epochs)]
    write(path, "\n".join([f"step\t{path.stem}", *rows]))


def write_pictures(folder, tasks, generator):
    """Two pictures of each task."""
    folder.mkdir(parents=True)
    found = {}
    for name in tasks:
        found[name] = []
        for n in range(2):
            files = {what: f"{name}-{n}-{what}.png" for what in IMAGES.get(name, ("image",))}
            for file in files.values():
                Image.fromarray(generator.integers(0, 255, (48, 48, 3), np.uint8)).save(folder / file)
            words = WORDS.get(name, {})
            found[name].append({"sample_id": f"picture {n}", "files": files, **words})
    write_json(folder / "examples.json", found)


def r2():
    """mine is better than initial, mine-st worse."""
    found = figure(0.02, 0.09, 0.03, 0.11, "better")
    found["variants"]["mine-st"] = found["variants"]["initial"]
    found["differences"]["mine-st"] = {"value": -0.06, "low": -0.09, "high": -0.02, "verdict": "worse"}
    found["controls"] = {"mine-st": {"value": 0.13, "low": 0.1, "high": 0.16, "verdict": "better"}}
    return found


def compare(root, tasks, variants=("initial", "mine", "mine-st")):
    renamed = json.dumps(evaluation("linear", tasks)).replace('"pacl"', '"mine"')
    write_json(root / "metrics/comparison.json", [json.loads(renamed) | {"variants": list(variants)}])
    write_json(root / "metrics/published.json", [])
    for variant in variants:
        write_json(root / f"evaluation/emoji_sentiment-linear-{variant}.json", {"tasks": details()})


def page(root, params=PARAMS):
    target = root / "page"
    target.mkdir(exist_ok=True)
    write_feng_report(artefacts_of(root, "mine"), target, yaml.safe_dump(params))
    return (target / "index.html").read_text(encoding="utf-8")


def changed(**sections):
    """PARAMS with other keys in these sections; `mine` is the training."""
    mine = PARAMS["feng"]["mine"] | sections.pop("mine", {})
    return PARAMS | {"feng": {"mine": mine}} | {key: PARAMS[key] | value for key, value in sections.items()}


def seen(html):
    """The words of the page, without those of params.yaml."""
    words = re.sub(r"<(script|style|pre).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(words.split())


def section(html, name):
    return html[html.index(f'<section id="{name}">') :].split("</section>")[0]


def block(html, title):
    """Of a specialist: from its heading to the next one's."""
    return section(html, "specialists").split(f"<h3>{title}")[1].split("<h3>")[0]


def test_the_specialists_and_tasks_are_those_that_are_trained():
    assert SPECIALISTS == TRAINED
    assert list(TASKS) == list(Task.__args__)


def test_the_first_screen_says_whether_it_worked_and_why(html):
    words, classes = box(html)
    assert words.startswith("Did it work? Yes: Feng et al. (mine) is better than initial on valence (R²,")
    assert "Warning: On what was held out, 1 of 6 pretext tasks is no better than a constant" in words
    assert "prediction: the jigsaw." in words
    assert "dvc exp run report_feng@mine -S feng.mine.ho.epochs=12" in words
    assert "verdict-better" in classes
    assert '<dt>Pretext tasks learnt</dt><dd class="value">5 of 6</dd>' in html
    assert "mine learnt from the three without labels: one backbone, which is ours, not the paper's." in seen(
        html
    ).replace("&#39;", "'")


def test_nothing_of_pacl_nor_of_protocols_that_did_not_run_is_on_the_page(html):
    words = seen(html)
    assert not re.findall(r"partition|pseudo|PACL|emotional score|pairs of image|EmotionCLIP", words)
    assert "malgamat" not in words


def test_every_section_is_linked_and_has_content(html):
    linked = re.findall(r'<a href="#([a-z]+)">', html[: html.index('<section class="verdict')])
    there = re.findall(r'<section[^>]* id="([a-z]+)"', html)
    assert set(linked) <= set(there)
    assert set(there) == {"verdict", "results", "specialists", "run", "limits"}
    assert 'class="missing"' not in html
    assert not re.findall(r"<(ul|dl|p|figcaption|h4)[^>]*>\s*</\1>", html)


def test_each_task_is_next_to_the_constant_prediction_in_a_word(html):
    rows = {
        re.search(r'scope="row">([^<]+)<', row)[1]: re.findall(r"<td[^>]*>(.*?)</td>", row)
        for row in re.findall(r"<tr><th scope.*?</tr>", section(html, "specialists"), flags=re.DOTALL)
    }
    assert list(rows) == [one.name for one in TASKS.values()]
    assert rows["Colours"][:4] == ["0.00512", "0.00980", "better", ""]
    assert rows["Super resolution"][3] == 'bicubic 0.00320: <span class="worse-word">worse</span>'
    assert rows["Jigsaw"][:3] == ["6.930", "6.916", "worse"]
    assert rows["Scenes"][3] == "41.1 % right, of 40 classes"
    assert rows["Captions"][3] == "BLEU-4 0.071"
    assert rows["Captions"][5] == "123"


def test_curves_of_each_loss_are_drawn_once(html):
    names = re.findall(r'data-chart="([^"]+)"', html)
    assert len(names) == len(set(names))
    wanted = {f"chart-{part}-{name}" for part, tasks in OF.items() for name in tasks}
    assert wanted | {"chart-student-feature_st_f2", "chart-student-feature_ho_f3"} == set(names)
    assert "Stage 2: mean squared difference from that of ST" in html
    drawn = json.loads(re.search(r'data-chart="chart-st-sr">(.*?)</script>', html, re.DOTALL)[1])
    assert {"in training", "held out", "constant", "bicubic"} == {
        row["series"] for row in drawn["layer"][0]["data"]["values"]
    }


@pytest.mark.parametrize(
    ("part", "images", "said"),
    [
        ("ST", 2 * 3 + 2 * 3, ["Colours, as given", "Colours, predicted", "Super resolution, bicubic"]),
        ("HO", 2 + 2 * 3, ["Jigsaw, as solved", "<dt>order</dt><dd", ">wrong<", ">beach house 41.0 %<"]),
        ("HP", 2 + 2, ["cute &lt;i&gt;cat 50.0 %, happy dog 25.0 %", ">a clown<", "people said"]),
    ],
)
def test_examples_of_each_specialist(html, part, images, said):
    found = block(html, f"{part}, {SPECIALISTS[part.lower()]}")
    assert found.count("<img") == images
    assert [one for one in said if one not in found] == []


def test_text_is_escaped(html):
    assert "<b>sad" not in html and "<i>cat" not in html
    assert "&lt;b&gt;sad&lt;/b&gt; clown" in html


def test_a_specialist_that_is_evaluated_is_compared_as_a_backbone(html):
    worse = "As a backbone: ST of Feng et al. (mine-st) is worse than initial on valence"
    assert worse in seen(block(html, "ST, stimuli taking"))
    assert "As a backbone" not in block(html, "HO, holistic organizing")


def test_stand_ins_and_what_is_ours_are_limits(html):
    limits = html[html.index('<section id="limits">') :]
    assert "emoji_scenes in place of Places365, emoji_captions in place of ArtEmis." in limits
    assert "VSO" not in limits
    assert "This is ours: the paper" in limits
    assert "Test images were not looked for among the pictures of the pretext tasks" in limits
    assert "EfficientNet-Lite0" in limits
    assert "train.seeds" not in limits


def test_leaks_among_pretext_pictures_are_said_to_be_looked_for(made):
    params = PARAMS | {"leaks": {"distance": 2, "among": "pretext/emoji_scenes.parquet"}}
    said = stand_ins(artefacts_of(made, "mine"), params)
    assert "Test images were looked for among the pictures of emoji_scenes alone" in said[-1]


def test_lists_of_classes_are_not_among_what_is_said_of_models(html):
    run = section(html, "run")
    assert "without labels, which is ours" in run and "class 7" not in run


def test_the_same_artefacts_give_the_same_bytes(made, html):
    assert page(made) == html


def test_a_task_that_is_left_out_has_no_entry(root):
    folder = root / "training_feng/mine-st"
    write_json(folder / "metrics.json", {"color": FIGURES["color"], "loss": {"color": 0.5}})
    for what in ("loss/sr.tsv", *(f"sr/{key}.tsv" for key in FIGURES["sr"])):
        (folder / "plots/metrics" / what).unlink()
    shown = json.loads((folder / "examples/examples.json").read_text())
    write_json(folder / "examples/examples.json", {"color": shown["color"]})
    found = page(root, changed(mine={"st": {"tasks": ["color"], "epochs": 3}}))
    assert "uper resolution" not in seen(found) and "bicubic" not in seen(found).lower()
    assert "5 pretext tasks" in box(found)[0]


def test_a_single_epoch_has_figures_and_no_curve(root):
    for path in root.glob("training_feng/**/*.tsv"):
        write_curve(path, 0.5, epochs=1)
    found = page(root)
    assert "data-chart" not in section(found, "specialists")
    assert "0.00512" in found and "out of the three" not in found


def test_without_held_out_pictures_nothing_is_said_of_them(root):
    for part, tasks in OF.items():
        folder = root / f"training_feng/mine-{part}"
        write_json(folder / "metrics.json", {"loss": dict.fromkeys(tasks, 0.5)})
        write_json(folder / "examples/examples.json", {name: [] for name in tasks})
    found = page(root)
    assert learnt(artefacts_of(root, "mine")) == []
    assert "Pretext tasks learnt" not in found and "<h4>Colours" not in found
    assert '<table class="pretext">' not in found


def test_published_values_stand_next_to_those_of_the_run(root):
    row = {
        "table": "Feng 1",
        "backbone": "ResNet-50",
        "method": "Feng et al.",
        "dataset": "fi",
        "protocol": "amalgamate",
        "task": "emotion",
        "metric": "accuracy",
        "variant": "mine",
        "published": 0.707,
        "ours": 0.66,
        "difference": -0.047,
    }
    write_json(root / "metrics/published.json", [row])
    words = seen(page(root))
    assert "Feng et al., Table 1: data sets and backbones (ResNet-50, amalgamate)" in words
    shown = words[words.index("(ResNet-50, amalgamate)") :]
    assert shown.index("70.70") < shown.index("66.00") < shown.index("−4.70")


def test_amalgamation_is_named_where_it_ran(root):
    found = json.loads((root / "metrics/comparison.json").read_text())
    value = {"variants": {"mine": {"mean": 0.2, "std": None, "low": 0.1, "high": 0.3}}, "differences": {}}
    tasks = {"valence": task({"kind": "regression"}, r2=value | {"baselines": {}})}
    reason = dict.fromkeys(("initial", "mine-st"), "it is one network")
    amalgamated = evaluation("amalgamate", tasks, reason) | {"variants": ["initial", "mine", "mine-st"]}
    write_json(root / "metrics/comparison.json", [*found, amalgamated])
    amalgamate = {"protocols": ["linear", "amalgamate"], "amalgamate": {"student": "hp", "epochs": 2}}
    words = seen(page(root, changed(evaluate=amalgamate)))
    assert "in rows of amalgamate it is the paper" in words
    assert "initial was not evaluated. It is one network." in words
    assert "valence, amalgamate" in words


def test_a_specialist_is_judged_where_the_student_is_not_evaluated(root):
    r2s = r2()
    for key in ("variants", "differences"):
        r2s[key].pop("mine", None)
    r2s["controls"] = {}
    compare(root, {"valence": task({"kind": "regression"}, r2=r2s)}, variants=("initial", "mine-st"))
    params = changed(evaluate={"variants": ["initial", "mine-st"]})
    words, classes = box(page(root, params))
    assert words.startswith("Did it work? No: ST of Feng et al. (mine-st) is worse than initial")
    assert "verdict-worse" in classes
    assert "which is ours" not in seen(page(root, params))[:2000]


def test_a_training_that_was_not_evaluated_is_not_judged(root):
    compare(root, {}, variants=("initial",))
    words, classes = box(page(root, changed(evaluate={"variants": ["initial"]})))
    assert words.startswith("Did it work? Nothing to compare")
    assert "dvc exp run report_feng@mine -S 'evaluate.variants=[initial,mine]'" in words
    assert "verdict-none" in classes


def test_all_tasks_learnt_is_no_warning(root):
    folder = root / "training_feng/mine-ho"
    learns = {name: FIGURES[name] | {"held_out": 0.5} for name in OF["ho"]}
    write_json(folder / "metrics.json", learns)
    found = feng_verdict(artefacts_of(root, "mine"), PARAMS)
    assert [one.text for one in found.why] == [
        "On what was held out, all 6 pretext tasks are better than a constant prediction."
    ]
    assert not found.why[0].warns and found.next == []


def test_thumbnails_of_png_are_part_of_the_page(html):
    sources = re.findall(r'<img src="data:image/jpeg;base64,', section(html, "specialists"))
    assert len(sources) == 12 + 8 + 4
    assert "training_feng" not in section(html, "specialists")
