"""What `dvc repro` runs, and what it leaves alone: the real DAG on a small corpus."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.dag.small_project import Project, reproduced

pytestmark = pytest.mark.dag

AFTER_TRAIN = {
    "train",
    "features@emoji_sentiment-pacl",
    "evaluate@emoji_sentiment-linear-pacl",
    "evaluate@emoji_sentiment-zero_shot-pacl",
    "measure@emoji_sentiment-linear-pacl",
    "measure@emoji_sentiment-zero_shot-pacl",
    "compare",
    "examples",
    "report",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small project after one full reproduction, committed."""
    return reproduced(tmp_path_factory)


@pytest.fixture
def restored(project: Project):
    """The project, put back after the test from git and DVC's cache, without running anything."""
    yield project
    assert project.run("git", "checkout", "-q", "--", "params.yaml", "dvc.lock", "pacl_core").code == 0
    assert project.run("dvc", "checkout", "-q").code == 0
    assert project.repro().ran == set()


def test_after_a_full_repro_nothing_is_stale(project: Project) -> None:
    assert "up to date" in project.run("dvc", "status").output
    assert project.repro().ran == set()


def test_sigma_reruns_the_partition_and_what_follows_but_no_model_pass(restored: Project) -> None:
    restored.edit(partition__factual__threshold=0.2)
    assert restored.repro().ran == {"partition", "shards"} | AFTER_TRAIN


def test_params_that_were_run_before_are_taken_from_the_run_cache(restored: Project) -> None:
    params = (restored.root / "params.yaml").read_bytes()
    restored.edit(partition__factual__threshold=0.2, train__temperature=0.1)
    restored.repro()
    (restored.root / "params.yaml").write_bytes(params)
    done = restored.repro()
    assert (done.ran, done.restored) == (set(), {"partition", "shards"} | AFTER_TRAIN)


def test_a_sigma_that_empties_partitions_is_said_and_goes_on(restored: Project) -> None:
    restored.edit(partition__emotional__threshold=2.0)
    done = restored.repro()
    assert done.ran == {"partition", "shards"} | AFTER_TRAIN
    assert "no pair is strong; training goes on without that partition" in done.output


def test_k_starts_at_the_pseudo_labels(restored: Project) -> None:
    restored.edit(pseudo_labels__k=3)
    assert restored.repro().ran == {"pseudo_labels", "embedding_map", "shards"} | AFTER_TRAIN


def test_tau_starts_at_train(restored: Project) -> None:
    restored.edit(train__temperature=0.1)
    assert restored.repro().ran == AFTER_TRAIN


def test_the_backbone_starts_at_the_image_embeddings(restored: Project) -> None:
    restored.edit(backbone__image_size=48)
    backbone = {"image_embeddings", "initial", "pseudo_labels", "embedding_map"}
    backbone |= {"features@emoji_sentiment-initial", "evaluate@emoji_sentiment-linear-initial"}
    # not the measuring of zero_shot-initial: what does not apply stays as it was
    backbone |= {"evaluate@emoji_sentiment-zero_shot-initial", "measure@emoji_sentiment-linear-initial"}
    # labels may come out the same, and then nothing changes in the shards
    assert backbone <= (ran := restored.repro().ran) <= backbone | {"shards"} | AFTER_TRAIN
    assert ran >= AFTER_TRAIN


def write_faces(root: Path) -> dict[str, str]:
    """A data set of one's own, a folder per class, and its line of `downstream`."""
    rng = np.random.default_rng(0)
    for label, grey in (("bright", 200), ("dark", 40)):
        folder = root / "data/corpora/faces" / label
        folder.mkdir(parents=True)
        for number in range(40):
            noise = rng.integers(grey - 30, grey + 30, (8, 8, 3)).astype(np.uint8)
            Image.fromarray(noise).resize((48, 48)).save(folder / f"{number}.png")
    record = {
        "reader": "class_folders",
        "tasks": {"mood": {"kind": "single_label", "column": "label", "classes": ["bright", "dark"]}},
        "source": "made up",
        "licence": "none",
        "citation": "none",
    }
    (root / "data/datasets/faces.yaml").write_text(yaml.safe_dump(record))
    return {"record": "data/datasets/faces.yaml", "path": "data/corpora/faces"}


def test_a_data_set_more_runs_its_own_stages_and_one_less_runs_none(restored: Project) -> None:
    sets = yaml.safe_load((restored.root / "params.yaml").read_text())["downstream"]
    restored.edit(downstream=sets | {"faces": write_faces(restored.root) | {"image_size": 48}})
    protocols = ("evaluate@faces-linear", "evaluate@faces-zero_shot")
    of_stages = ("features@faces", *protocols, "measure@faces-linear", "measure@faces-zero_shot")
    of_faces = {f"{stage}-{name}" for stage in of_stages for name in ("initial", "pacl")}
    ran = restored.repro().ran
    assert (
        ran == {"check_names", "downstream@faces", "leaks@faces", "compare", "examples", "report"} | of_faces
    )
    summary = json.loads((restored.root / "evaluation/faces-linear-pacl.json").read_text())
    assert summary["tasks"]["mood"]["figures"]["accuracy"]["mean"] > 0.95  # of 80 images, each in a fold

    restored.edit(downstream=sets)
    done = restored.repro()
    assert done.ran | done.restored == {"check_names", "compare", "examples", "report"}


def test_without_any_data_set_training_and_report_remain(restored: Project) -> None:
    restored.edit(downstream={})
    done = restored.repro()
    assert done.ran == {"check_names", "compare", "examples", "report"}
    assert "No data set was evaluated" in (restored.root / "report/index.html").read_text()
    assert "up to date" in restored.run("dvc", "status").output


def test_another_protocols_params_leave_the_evaluations_alone(restored: Project) -> None:
    restored.edit(evaluate__finetune__epochs=7)
    assert restored.repro().ran == {"report"}  # which shows params.yaml


def test_editing_a_metric_measures_again_but_runs_no_model(restored: Project) -> None:
    """Predictions stay; where the metrics stay as well, nothing but the comparison looks at them again."""
    with (restored.root / "pacl_core/evaluation/metrics/regression.py").open("a") as metric:
        metric.write("\n# another line\n")
    measured = {
        f"measure@emoji_sentiment-{protocol}-{variant}"
        for protocol in ("linear", "zero_shot")
        for variant in ("initial", "pacl")
    }
    assert restored.repro().ran == {"compare"} | measured


def test_the_number_of_resamples_starts_at_the_metrics(restored: Project) -> None:
    restored.edit(evaluate__bootstrap=120)
    ran = restored.repro().ran
    assert "measure@emoji_sentiment-linear-pacl" in ran
    assert not {one for one in ran if one.startswith(("evaluate", "features", "train"))}


def test_other_weights_are_one_more_variant(restored: Project) -> None:
    """The enhanced weights under another name give the enhanced figures."""
    copied = restored.root / "data/weights/theirs.safetensors"
    copied.parent.mkdir(exist_ok=True)
    shutil.copy(restored.root / "models/pacl/backbone.safetensors", copied)
    theirs = {"weights": "data/weights/theirs.safetensors", "sha256": None, "prefix": None}
    restored.edit(variants={"theirs": theirs}, evaluate__variants=["initial", "pacl", "theirs"])
    own = {"variant@theirs", "features@emoji_sentiment-theirs"}
    own |= {
        f"{stage}@emoji_sentiment-{protocol}-theirs"
        for stage in ("evaluate", "measure")
        for protocol in ("linear", "zero_shot")
    }
    assert restored.repro().ran == own | {"check_names", "compare", "examples", "report"}
    figures = [
        json.loads((restored.root / f"evaluation/emoji_sentiment-linear-{name}.json").read_text())["tasks"]
        for name in ("pacl", "theirs")
    ]
    assert figures[0] == figures[1]

    restored.edit(variants={}, evaluate__variants=["initial", "pacl"])
    done = restored.repro()
    assert done.ran | done.restored == {"check_names", "compare", "examples", "report"}


def test_the_machine_decides_nothing(project: Project) -> None:
    ran = project.repro(PACL_DEVICE="cpu", PACL_WORKERS="1", PACL_BATCH="7").ran
    assert ran == set()


def test_one_stage_alone(restored: Project) -> None:
    restored.edit(partition__factual__threshold=0.5)
    assert restored.repro("-s", "partition").ran == {"partition"}


def test_the_partition_is_a_file_that_reads_on_its_own(project: Project) -> None:
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table.height == 150
    assert set(table["partition"]) <= {"strong", "partial_emotional", "partial_factual", "weak"}


def test_the_daily_commands(restored: Project) -> None:
    """Those that the README shows, in its order."""
    done = restored.run("dvc", "exp", "run", "-S", "partition.factual.threshold=0.5")
    assert done.code == 0, done.output
    for command, word in (
        (("dvc", "metrics", "show"), "metrics/results/"),
        (("dvc", "metrics", "show", "metrics/partition.json"), "metrics/partition.json"),
        (("dvc", "metrics", "show", "--md", "metrics/results"), "| pacl"),
        (("dvc", "metrics", "diff"), "metrics/results/"),
        (("dvc", "metrics", "diff", "--targets", "metrics/partition.json"), "shares.strong"),
        (("dvc", "params", "diff"), "partition.factual.threshold"),
        (("dvc", "exp", "show", "--only-changed", "--md"), "partition.factual.threshold"),
        (("dvc", "plots", "show", "-o", "plots_html"), "index.html"),
        (("dvc", "plots", "diff", "-o", "plots_html"), "index.html"),
    ):
        done = restored.run(*command)
        assert done.code == 0, done.output
        assert word in done.output
    page = (restored.root / "plots_html/index.html").read_text()
    assert "<script src=" in page and "http" not in page.partition("</head>")[0], (
        "nothing comes from a server"
    )
    assert (restored.root / "plots_html/../report/vega.js").is_file()


def test_it_runs_without_git(project: Project, tmp_path: Path) -> None:
    bare = Project(tmp_path / "bare")
    shutil.copytree(project.root, bare.root, ignore=shutil.ignore_patterns(".git"))
    assert bare.run("dvc", "config", "--local", "core.no_scm", "true").code == 0
    assert bare.repro().ran == set()
