"""The page of a training on clips (clips_page, method_page, sections/clips); PACL is not on it."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pacl_core.methods import untrained
from pacl_core.report.clips_page import clips_verdict, write_clips_report
from pacl_core.report.sections.run import UNTRAINED
from stages.report_clips import artefacts as artefacts_of
from tests.report.conftest import details, evaluation, figure, task, write, write_json, write_pairs
from tests.report.test_first_screen import box

PARAMS = {
    "clips": {"talks": {"reader": "rendered", "path": "data/corpora/clips_faces.yaml"}},
    "sentiment": {"model": {"kind": "nade", "name": "socialmedia_en"}},
    "persons": {"kind": "given"},
    "backbone": {"kind": "open_clip", "name": "tiny-vit"},
    "emotionclip": {
        "sap": {"clips": "talks", "epochs": 18, "batch_size": 50, "loss": {"beta": 1.0}, "holdout": 40}
    },
    "downstream": {"emoji_sentiment": {"record": "r.yaml", "path": "p"}},
    "leaks": {"distance": 2, "among": "clips/talks"},
    "evaluate": {"variants": ["initial", "sap"]},
}
TEXTS = [
    "look, a <b>nurse</b>!",
    "who is that boy?",
    "there goes the cook.",
    "the elf again",
    "a mage",
    "a fairy",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with all that the page shows, of six clips."""
    return write_clips_project(tmp_path_factory.mktemp("clips"))


def write_clips_project(root):
    write_pairs(root / "images", [str(n) for n in range(6)], TEXTS, np.random.default_rng(0))
    images = pq.read_table(root / "images")["image"].to_pylist()
    ids = [f"clip-{n}" for n in range(6)]
    table = {"sample_id": ids, "text": TEXTS, "frames": [[one] * 8 for one in images]}
    (root / "data/clips/talks").mkdir(parents=True)
    pq.write_table(
        pa.table(table | {"start": [0.0] * 6, "end": [2.5] * 6}), root / "data/clips/talks/part-00000.parquet"
    )
    (root / "data/selection").mkdir()
    reasons = [None] * 5 + ["no_person"]
    selected = {"sample_id": ids, "kept": [one is None for one in reasons], "reason": reasons}
    pq.write_table(pa.table(selected), root / "data/selection/sap.parquet")
    counts = {"read": 8, "clips": 6, "videos": 2, "frames": 48, "rejected_by_reason": {"no_frames": 2}}
    write_json(root / "metrics/clips/talks.json", counts)
    write_json(root / "metrics/persons/talks.json", {"clips": 6, "frames": 48, "frames_with_a_person": 44})
    kept = {"clips": 600, "kept": 540, "left_out": 60, "left_out_by_reason": {"neutral": 41, "no_person": 19}}
    write_json(root / "metrics/selection/sap.json", kept)
    figures = {
        "suppressed": 0.051,
        "scale": 14.2,
        "recall_video_to_text": {"at_1": 0.1, "at_5": 0.4, "at_10": 0.6},
        "recall_text_to_video": {"at_1": 0.1, "at_5": 0.5, "at_10": 0.625},
    }
    write_json(root / "training_clips/sap/metrics.json", figures)
    for name in ("loss/snce", "suppressed", "recall_video_to_text/at_10", "recall_text_to_video/at_10"):
        rows = [f"{step}\t{0.9**step}" for step in range(6)]
        path = root / f"training_clips/sap/plots/metrics/{name}.tsv"
        write(path, "\n".join([f"step\t{name.rpartition('/')[2]}", *rows]))
    card = {"kind": "open_clip", "name": "tiny-vit", "library": "open_clip", "dim": 64, "image_size": None}
    for name, training in (("initial", None), ("sap", {"clips": 500, "held_out": 40, "steps": 180})):
        write_json(root / f"models/{name}/model.json", card | {"training": training})
    compare(root, {"valence": task({"kind": "regression"}, r2=figure(0.02, 0.09, 0.03, 0.11, "better"))})
    leaked = {"test_items": 124, "exact_items": 0, "near_items": 2, "distance": 2}
    write_json(root / "metrics/leaks/emoji_sentiment.json", leaked)
    return root


def compare(root, tasks, variants=("initial", "sap")):
    renamed = json.dumps(evaluation("linear", tasks)).replace('"pacl"', '"sap"')
    found = json.loads(renamed) | {"variants": list(variants)}
    write_json(root / "metrics/comparison.json", [found])
    write_json(root / "metrics/published.json", [])
    for variant in variants:
        write_json(root / f"evaluation/emoji_sentiment-linear-{variant}.json", {"tasks": details()})


def page(root, params=PARAMS):
    target = root / "page"
    target.mkdir(exist_ok=True)
    found = artefacts_of(root, "sap", "talks")
    write_clips_report(found, target, yaml.safe_dump(params), count=8, seed=0)
    return (target / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(made):
    return page(made)


def test_the_first_screen_says_whether_it_worked_and_why(html):
    words, classes = box(html)
    assert words.startswith("Did it work? Yes: EmotionCLIP (sap) is better than initial on valence (R²,")
    found = "the video finds its text in 60% and the text its video in 62%"
    assert f"Of 40 held-out clips, {found} among the first 10; by chance 25%." in words
    assert "5% of the pairs hardly repel, as their sentiment is alike (loss.beta 1)." in words
    assert "540 of 600 clips were kept; 500 were trained on." in words
    assert "has random weights: to be better than it is not much." in words
    assert "sh presets/sweeps/emotionclip-table1.sh" in words
    assert "verdict-better" in classes
    assert '<dt>Clips kept</dt><dd class="value">540</dd>' in html


def test_nothing_of_pacl_is_on_the_page(html):
    seen = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    seen = seen[: seen.index("All of params.yaml")] + seen[seen.index("What this run cannot claim") :]
    assert not re.findall(r"partition|pseudo|PACL|adjective|emotional score|pairs of image", seen)


def test_every_section_is_linked_and_has_content(html):
    linked = re.findall(r'<a href="#([a-z]+)">', html[: html.index('<section class="verdict')])
    there = re.findall(r'<section[^>]* id="([a-z]+)"', html)
    assert set(linked) - {"results"} <= set(there)
    assert set(there) == {"verdict", "results", "clips", "training", "run", "limits"}
    assert 'class="missing"' not in html


def test_clips_are_shown_with_their_reasons_and_their_text_escaped(html):
    section = html[html.index('<section id="clips">') :].split("</section>")[0]
    assert section.count("<li>") == 6
    assert section.count("<img") == 24
    assert "left out: no person" in section
    assert "<b>nurse" not in section and "&lt;b&gt;nurse" in section
    assert "Rejected: no_frames" in section


def test_stand_ins_and_leaks_among_clips_are_limits(html):
    limits = html[html.index('<section id="limits">') :]
    assert "small CLIP of random weights: any training may improve on it" in limits
    assert "The clips are drawn" in limits and "Sentiment is that of emoji" in limits
    assert "2 near duplicates" in limits
    assert "Test images among the clips" in html
    assert "train.seeds" not in limits and "random, by a fixed seed" in html


def test_backbones_of_random_weights_are_known():
    assert set(UNTRAINED) == set(untrained.UNTRAINED)


def test_the_same_artefacts_give_the_same_bytes(made, html):
    assert page(made) == html


@pytest.mark.parametrize(
    ("low", "high", "verdict", "said"),
    [
        (
            -0.05,
            0.02,
            "unclear",
            "No evidence that it did: EmotionCLIP (sap) shows no clear change from initial",
        ),
        (-0.09, -0.01, "worse", "No: EmotionCLIP (sap) is worse than initial"),
    ],
)
def test_a_training_that_did_not_help_is_said_to(tmp_path, low, high, verdict, said):
    root = write_clips_project(tmp_path)
    compare(root, {"valence": task({"kind": "regression"}, r2=figure(0.02, 0.0, low, high, verdict))})
    words, classes = box(page(root))
    assert words.startswith(f"Did it work? {said}")
    assert f"verdict-{verdict}" in classes


def test_retrieval_near_chance_and_a_large_beta_are_warnings(tmp_path):
    root = write_clips_project(tmp_path)
    low = {"at_1": 0.03, "at_5": 0.13, "at_10": 0.26}
    figures = {"suppressed": 0.8, "recall_video_to_text": low, "recall_text_to_video": low}
    write_json(root / "training_clips/sap/metrics.json", figures)
    found = clips_verdict(artefacts_of(root, "sap", "talks"), PARAMS)
    assert [one.warns for one in found.why] == [True, True, False, False]
    commands = [step.command for step in found.next]
    assert "dvc exp run report_clips@sap -S emotionclip.sap.epochs=72" in commands
    assert "dvc exp run report_clips@sap -S emotionclip.sap.loss.beta=0.1" in commands


def test_results_that_say_nothing_are_said_together(tmp_path):
    root = write_clips_project(tmp_path)
    low = figure(0.02, 0.09, 0.03, 0.11, "better", mean=(0.1, "worse", "unclear"))
    compare(root, {name: task({"kind": "regression"}, r2=low) for name in ("valence", "arousal")})
    words, _ = box(page(root))
    assert "Warning: None of the 2 main results is better than a prediction that never looks" in words


def test_without_held_out_clips_nothing_is_said_of_them(tmp_path):
    root = write_clips_project(tmp_path)
    write_json(root / "training_clips/sap/metrics.json", {"suppressed": 0.1})
    assert "held-out clips, the" not in box(page(root))[0]
    assert "Held-out clips found" not in page(root)


def test_a_training_that_was_not_evaluated_is_not_judged(tmp_path):
    root = write_clips_project(tmp_path)
    compare(root, {}, variants=("initial",))
    params = PARAMS | {"evaluate": {"variants": ["initial"]}}
    words, classes = box(page(root, params))
    assert words.startswith("Did it work? Nothing to compare")
    assert "dvc exp run report_clips@sap -S 'evaluate.variants=[initial,sap]'" in words
    assert "verdict-none" in classes


def test_of_several_trainings_the_page_judges_its_own(tmp_path):
    root = write_clips_project(tmp_path)
    params = PARAMS | {"emotionclip": PARAMS["emotionclip"] | {"none": {"clips": "talks"}}}
    params["evaluate"] = {"variants": ["initial", "none", "sap"]}
    r2 = figure(0.02, 0.09, 0.03, 0.11, "better")
    r2["variants"]["none"] = r2["variants"]["initial"]
    r2["differences"]["none"] = {"value": 0.0, "low": -0.02, "high": 0.02, "verdict": "unclear"}
    against = {"value": -0.07, "low": -0.1, "high": -0.03, "verdict": "worse"}  # none minus sap
    r2["controls"] = {"sap": against}
    compare(root, {"valence": task({"kind": "regression"}, r2=r2)}, variants=("initial", "none", "sap"))
    words, _ = box(page(root, params))
    assert "EmotionCLIP (sap) is better than initial" in words
    assert "none" in words and "+0.070 [+0.030, +0.100]" in words.replace("\u2212", "-")
