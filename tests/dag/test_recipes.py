"""Recipes in the real DAG: more trainings on the same pairs, compared with PACL in one table."""

import json
from typing import Any

import polars as pl
import pytest

from tests.dag.small_project import Project, copy_project

pytestmark = pytest.mark.dag

RECIPES: dict[str, dict[str, Any]] = {
    "plain": {"partition": "none", "train": {"epochs": 2}},
    "random": {"partition": "random"},
    "oracle": {"partition": "record"},
}
VARIANTS = ["initial", "pacl", *RECIPES]


def of_variant(name: str) -> set[str]:
    stages = {f"{stage}@emoji_sentiment-linear-{name}" for stage in ("evaluate", "measure")}
    return stages | {f"features@emoji_sentiment-{name}"}


def card(project: Project, name: str) -> dict[str, Any]:
    return json.loads((project.root / f"models/{name}/model.json").read_text())["training"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = copy_project(tmp_path_factory.mktemp("recipes") / "project", posts=100)
    project.edit(
        recipes=RECIPES,
        train__holdout=4,
        evaluate__variants=VARIANTS,
        evaluate__protocols=["linear"],
    )
    done = project.repro("compare")
    assert {f"recipe@{name}" for name in RECIPES} < done.ran
    return project


def test_every_recipe_trains_on_the_pairs_of_pacl_in_its_own_partitions(project: Project) -> None:
    cards = {name: card(project, name) for name in VARIANTS[1:]}
    pacl = cards["pacl"]
    trained_on = sum(pacl["samples"].values())
    assert pacl["held_out"] == 4
    for one in cards.values():
        assert (one["held_out"], one["left_out"]) == (4, pacl["left_out"])
        assert sum(one["samples"].values()) == trained_on
    assert "recipe" not in pacl
    assert cards["random"]["samples"] == pacl["samples"]
    assert cards["plain"]["samples"]["strong"] == trained_on
    assert cards["plain"]["params"]["epochs"] == 2
    assert cards["plain"]["recipe"] == {"name": "plain", "partition": "none"}
    assert cards["plain"]["images_seen"] == 2 * trained_on
    known = pl.read_parquet(project.root / "data/pairs/*.parquet", columns=["provenance"])["provenance"]
    kept, random = (int((known == name).sum()) for name in ("kept", "random"))
    assert kept - trained_on // 2 <= cards["oracle"]["samples"]["strong"] <= kept
    assert 0 < cards["oracle"]["samples"]["weak"] <= random


def test_each_leaves_weights_and_curves_of_its_own(project: Project) -> None:
    weights = project.bytes_of(*(f"models/{name}/backbone.safetensors" for name in VARIANTS))
    assert len(set(weights.values())) == len(VARIANTS)
    for name in RECIPES:
        curves = json.loads((project.root / f"training_recipes/{name}/metrics.json").read_text())
        assert {"recall_image_to_text", "loss"} <= set(curves)
        phases = project.root / f"training_recipes/{name}/plots/metrics/loss"
        assert (phases / "weak.tsv").is_file() == (name != "plain")


def test_one_table_has_them_all_with_intervals(project: Project) -> None:
    (found,) = json.loads((project.root / "metrics/comparison.json").read_text())
    for task in found["tasks"].values():
        for metric in task["figures"].values():
            assert set(metric["variants"]) == set(VARIANTS)
            assert set(metric["differences"]) == set(VARIANTS[1:])
            assert set(metric["controls"]) == set(RECIPES)
            for name, change in metric["controls"].items():
                means = metric["variants"]
                assert change["value"] == pytest.approx(means["pacl"]["mean"] - means[name]["mean"])
                assert change["low"] <= change["high"]
    shown = project.run("dvc", "metrics", "show", "--md", "metrics/results").output
    assert "pacl_minus_plain" in shown and "pacl_minus_oracle_low" in shown


def test_a_recipe_runs_its_own_stages_and_one_less_runs_none(project: Project) -> None:
    """check_names looks at every recipe; what it writes never changes."""
    project.edit(recipes__plain__train={"epochs": 1})
    ran = project.repro("compare").ran
    assert ran == {"check_names", "recipe@plain", "compare"} | of_variant("plain")

    few = {name: RECIPES[name] for name in ("random", "oracle")}
    project.edit(recipes=few, evaluate__variants=["initial", "pacl", *few])
    done = project.repro("compare")
    assert done.ran | done.restored == {"check_names", "compare"}
    assert "up to date" in project.run("dvc", "status", "--with-deps", "compare").output


def test_a_recipe_by_one_score_needs_a_partition_by_both(project: Project) -> None:
    project.edit(partition__mode="factual", recipes={"emotional": {"partition": "emotional"}})
    done = project.run("python", "-m", "stages.recipe", "emotional")
    assert done.code == 1
    assert "recipes.emotional.partition: emotional: partition.mode is 'factual'" in done.output
    assert "Traceback" not in done.output


def test_an_unknown_recipe_is_told(project: Project) -> None:
    done = project.run("python", "-m", "stages.recipe", "plane")
    assert done.code == 1 and "recipe" in done.output and "Traceback" not in done.output
