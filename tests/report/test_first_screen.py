"""The first screen says what was trained and whether it worked.

From the artefacts of a default run, of 60 posts, of random partitions, and of controls that do as well
(verdict, judged, sentences, controls, reasons, next_steps).
"""

import json
import re
import shlex

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from pacl_core.evaluation.metrics.verdicts import Items, with_verdict
from pacl_core.methods.params import load
from pacl_core.report.build import render
from pacl_core.report.sections.verdict import verdict
from tests.paths import ROOT

RECIPES = {
    "plain": {"partition": "none"},
    "random": {"partition": "random"},
    "oracle": {"partition": "record"},
    "strong-only": {"train": {"usage": "strong"}},
}
WIDTH = 0.03  # half of an interval


@pytest.fixture
def run(root, artefacts, params_text):
    """`run(means, over)`: params, verdict and page of a run whose variants have these R2 of valence."""

    def of(means, *, items=400, recipes=RECIPES, over="better", own=None, **changed):
        comparison = compared(means, items=items, over=over)
        (root / "metrics/comparison.json").write_text(json.dumps([comparison]))
        params = yaml.safe_load(params_text) | {"recipes": recipes} | changed
        params["evaluate"] = {"variants": list(means)}
        text = yaml.safe_dump(params)
        return verdict(root, params), render(artefacts, text, count=1, seed=0)

    return of


def compared(means, *, items, over):
    """`means`: variant -> R2; every interval is `WIDTH` to each side, so closer ones are no clear change."""
    variants = list(means)

    def change(one, other):
        value = means[one] - means[other]
        return with_verdict("r2", {"value": value, "low": value - WIDTH, "high": value + WIDTH}, Items(items))

    figure = {
        "variants": {
            name: {"mean": mean, "std": None, "low": mean - 0.05, "high": mean + 0.05}
            for name, mean in means.items()
        },
        "differences": {name: change(name, variants[0]) for name in variants[1:]},
        "baselines": {
            "mean": {"value": -0.004, "differences": {name: {"verdict": over} for name in variants}}
        },
    }
    if variants[2:]:
        figure["controls"] = {name: change(variants[1], name) for name in variants[2:]}
    task = {"task": {"kind": "regression"}, "test_items": items, "chosen": {}, "figures": {"r2": figure}}
    return {
        "dataset": "scenes_things",
        "protocol": "linear",
        "variants": variants,
        "not_applicable": {},
        "excluded_test_items": 0,
        "tasks": {"valence": task},
    }


def box(html):
    """The verdict's section, its words, and the classes in it."""
    section = html[html.index('<section class="verdict') :].split("</section>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", section).replace("&#39;", "'").split())
    return words, set(" ".join(re.findall(r'class="([^"]+)"', section)).split())


def cards(html):
    return html[html.index('<dl class="cards">') :].split("</dl>")[0]


def test_a_default_without_a_change_says_so_and_how_to_get_controls(run):
    found, html = run({"initial": 0.024, "pacl": 0.004}, over="unclear", recipes={})
    words, classes = box(html)
    assert found.answer == "unclear" and "verdict-unclear" in classes
    assert found.said == (
        "No evidence that it did: PACL shows no clear change from initial; its interval includes zero."
    )
    assert f"Did it work? {found.said}" in words
    assert "Warning: Valence is no better than the mean." in words
    assert (
        "Not compared with plain contrastive training, which is what one would do without PACL, or random "
        "partitions. To train both: dvc exp run -S +recipes.plain.partition=none "
        "-S +recipes.random.partition=random -S 'evaluate.variants=[initial,pacl,plain,random]'"
    ) in words
    assert not {"better-word", "worse-word", "against"} & classes
    assert "better-word" not in cards(html) and "no better than the mean" in cards(html)


@pytest.mark.parametrize(
    ("recipes", "means"),
    [
        ({}, {"initial": 0.1, "pacl": 0.2}),
        ({"simple": {"partition": "none"}}, {"initial": 0.1, "pacl": 0.2}),
        ({"plain": {"partition": "random"}}, {"initial": 0.1, "plain": 0.3, "pacl": 0.2}),
    ],
)
def test_the_command_that_trains_controls_can_be_pasted(run, tmp_path, recipes, means):
    """DVC's own reading of it, on params.yaml with these recipes."""
    found, _ = run(means, recipes=recipes)
    text = (ROOT / "params.yaml").read_text().replace("recipes: {}", f"recipes: {json.dumps(recipes)}")
    path = tmp_path / "params.yaml"
    path.write_text(text)
    words = shlex.split(found.missing.command)
    assert words[:3] == ["dvc", "exp", "run"] and set(words[3::2]) == {"-S"}
    apply_overrides(path, words[4::2])
    params = load(path)
    assert params.evaluate.variants[:2] == ("initial", "pacl")
    assert set(means) <= set(params.evaluate.variants)
    trained = {params.recipes[name].partition for name in params.evaluate.variants if name in params.recipes}
    assert {"none", "random"} <= trained


def test_sixty_posts_and_twelve_test_items_do_not_tell(run):
    """It was a green "better", which cross-validation over all 120 items denied."""
    means = {"initial": 0.162, "pacl": 0.26, "plain": 0.1, "random": 0.1}
    found, html = run(means, items=12)
    words, classes = box(html)
    assert found.answer == "too_few" and "verdict-too_few" in classes
    assert "Did it work? Not known: too few test items (12) to tell." in words
    assert not {name for name in classes if name.endswith("-word")}
    for colour in ("better", "worse", "unclear"):
        assert f"{colour}-word" not in cards(html)
    assert "too few test items (12) to tell" in cards(html)
    assert words.count("+0.098 [+0.068, +0.128] too few test items (12) to tell") == 1
    assert not re.search(r"\b(better|worse)\b", words.split("Why")[0])


@pytest.mark.parametrize("means", [{"initial": 0.04, "random": 0.14}, {"initial": 0.04, "random": 0.01}])
def test_random_partitions_are_named_and_no_success_of_pacl(run, means):
    found, html = run(means)
    words, classes = box(html)
    assert found.answer == "not_pacl" and "verdict-not_pacl" in classes
    outcome = "is better than initial on" if means["random"] > 0.1 else "shows no clear change from initial"
    assert found.said.startswith(
        "PACL was not evaluated here. With random partitions (random: drawn in the sizes of PACL's), the "
        f"result {outcome}"
    )
    assert "Yes" not in words.split("Why")[0]
    assert "The partition and the training curves below are those of pacl, not of random." in words
    assert "Evaluate PACL itself: dvc exp run -S 'evaluate.variants=[initial,pacl,random]'" in words
    assert "<dt>Valence, R²<br>random partitions</dt>" in cards(html)
    assert not re.search("(better|worse)-word", cards(html))
    assert found.missing is None


def test_a_pacl_without_partitions_is_plain_contrastive(run):
    found, html = run({"initial": 0.04, "pacl": 0.14}, partition={"mode": "none"})
    assert found.answer == "not_pacl"
    assert found.said.startswith(
        "PACL was not trained here. With plain contrastive training (pacl: all pairs in one group), the "
        "result is better than initial on valence"
    )
    assert "Train with partitions: dvc exp run -S partition.mode=both" in box(html)[0]


def test_where_random_partitions_do_as_well_the_partition_is_not_what_helps(run):
    found, html = run({"initial": 0.04, "pacl": 0.14, "random": 0.13})
    words, classes = box(html)
    assert found.answer == "mixed" and "verdict-mixed" in classes
    assert found.said == (
        "PACL is better than initial, but not better than random partitions: the partition is not what helps."
        " Better than initial on valence (R², scenes_things, linear) (of 1 main result)."
    )
    assert "PACL against initial random partitions" in words
    assert "valence, R² 0.140 scenes_things, linear" in words
    assert "+0.100 [+0.070, +0.130] better +0.010 [−0.020, +0.040] no clear change" in words
    assert "Not compared with plain contrastive training" in words and "To train it: dvc" in words


@pytest.mark.parametrize(
    ("means", "answer", "said"),
    [
        (
            {"initial": 0.04, "pacl": 0.2, "plain": 0.1, "random": 0.1},
            "better",
            "Yes: PACL is better than initial, plain contrastive training and random partitions.",
        ),
        (
            {"initial": 0.04, "pacl": 0.14, "plain": 0.2, "random": 0.14},
            "mixed",
            "PACL is better than initial, but worse than plain contrastive training, and not better than "
            "random partitions: the partition is not what helps.",
        ),
        (
            {"initial": 0.04, "pacl": 0.2, "plain": 0.2, "random": 0.1},
            "mixed",
            "PACL is better than initial and random partitions, but not better than plain contrastive "
            "training: training without partitions may do as well.",
        ),
        (
            {"initial": 0.04, "pacl": 0.14, "plain": 0.2},
            "mixed",
            "PACL is better than initial, but worse than plain contrastive training: training without "
            "partitions does better.",
        ),
        (
            {"initial": 0.04, "pacl": 0.05, "plain": 0.05, "random": 0.05},
            "unclear",
            "No evidence that it did: PACL is not better than initial, plain contrastive training or random "
            "partitions.",
        ),
        (
            {"initial": 0.04, "pacl": 0.05, "plain": 0.2, "random": 0.0},
            "worse",
            "No: PACL is not better than initial, and worse than plain contrastive training, but better than "
            "random partitions.",
        ),
        (
            {"initial": 0.2, "pacl": 0.1, "random": 0.1},
            "worse",
            "No: PACL is worse than initial, and not better than random partitions.",
        ),
        (
            {"initial": 0.04, "random": 0.13, "pacl": 0.14},
            "mixed",
            "PACL is better than initial, but not better than random partitions: the partition is not what "
            "helps.",
        ),
    ],
)
def test_the_first_sentence_weighs_every_control(run, means, answer, said):
    found, html = run(means)
    assert (found.answer, found.said[: len(said)]) == (answer, said)
    assert said in box(html)[0]


def test_a_stored_difference_is_turned_where_pacl_is_not_the_second(run):
    """Stored is random - pacl."""
    found, html = run({"initial": 0.04, "random": 0.3, "pacl": 0.14})
    assert "−0.160 [−0.190, −0.130] worse" in box(html)[0]
    assert "worse than random partitions" in found.said


def test_oracle_partitions_tell_whether_better_scores_would_help(run):
    """As good as the record is no fault, so it changes no answer."""
    means = {"initial": 0.04, "pacl": 0.2, "plain": 0.1, "random": 0.1}
    found, html = run(means | {"oracle": 0.3})
    assert found.answer == "better"
    assert "PACL against initial plain contrastive random partitions oracle partitions" in box(html)[0]
    assert any("better scores would help." in reason.text for reason in found.why)
    found, _ = run(means | {"oracle": 0.2})
    assert any("better scores would hardly help." in reason.text for reason in found.why)
    command = "dvc exp run -S 'evaluate.variants=[initial,pacl,plain,random,oracle]'"
    assert run(means)[0].next[-1].command == command


def test_other_recipes_are_below_and_not_on_the_first_screen(run):
    _, html = run({"initial": 0.04, "pacl": 0.2, "plain": 0.1, "strong-only": 0.1})
    assert 'data-against="strong-only"' not in html[: html.index('<dl class="cards">')]
    results = html[html.index('<section id="results"') :]
    for label in ("Main metric of every task against the controls", "scenes_things, linear, against the con"):
        table = results[results.index(f'aria-label="{label}') :].split("</table>")[0]
        assert 'data-against="strong-only"' in table and 'data-against="plain contrastive"' in table


def test_plain_contrastive_is_on_the_cards(run):
    _, html = run({"initial": 0.04, "pacl": 0.14, "plain": 0.2})
    assert 'against plain contrastive: <span class="worse-word">−0.060</span> [−0.090, −0.030]' in cards(html)


def test_the_page_names_its_run_and_what_is_compared(run):
    _, html = run({"initial": 0.04, "random": 0.14})
    assert (
        "Corpus openmoji, data/corpora/openmoji.yaml (400 pairs); backbone tf_efficientnet_lite0; "
        "text encoder all-MiniLM-L6-v2; compared: initial, random partitions."
    ) in html


def test_what_was_not_compared_with_plain_training_is_a_limit(run):
    said = "PACL was not compared with plain contrastive training on the same pairs"
    limits = [
        html[html.index('<section id="limits"') :]
        for _, html in (
            run({"initial": 0.04, "pacl": 0.14}),
            run({"initial": 0.04, "pacl": 0.14, "plain": 0}),
        )
    ]
    assert [said in one for one in limits] == [True, False]


def test_a_control_is_weighed_over_all_main_results(root):
    """Better on one of two is no yes, and the sentence says on how many."""
    comparisons = [
        compared({"initial": 0.04, "pacl": pacl, "random": 0.1}, items=400, over="better")
        | {"dataset": f"set{pacl}"}
        for pacl in (0.11, 0.2)
    ]
    (root / "metrics/comparison.json").write_text(json.dumps(comparisons))
    params = {"recipes": RECIPES}
    found = verdict(root, params)
    assert (found.answer, found.said.split(". ")[0]) == (
        "mixed",
        "PACL is better than initial, and in part better than random partitions (on 1 of 2 results)",
    )
    assert [row["dataset"] for row in found.controls["rows"]] == ["set0.11", "set0.2"]
