"""What DVC, its VS Code extension and Studio are told: descriptions, plots, and models as artifacts."""

import yaml
from dvc.repo import Repo

from tests.paths import ROOT

TREE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


def outs() -> set[str]:
    bodies = [stage.get("do", stage) for stage in TREE["stages"].values()]
    return {out for body in bodies for kind in ("outs", "metrics") for out in body.get(kind, [])}


def is_written(path: str) -> bool:
    return any(path == out or path.startswith(f"{out}/") for out in outs())


def test_every_stage_says_what_it_does() -> None:
    for name, stage in TREE["stages"].items():
        assert stage.get("do", stage).get("desc"), name


def test_models_are_artifacts_that_a_stage_writes() -> None:
    with Repo(ROOT) as repo:
        artifacts = repo.artifacts.read()["dvc.yaml"]
    assert set(artifacts) == {"initial", "pacl"}
    for artifact in artifacts.values():
        assert artifact.type == "model" and artifact.desc and artifact.labels
        assert is_written(artifact.path)


def test_every_plot_has_labels_and_its_files_are_written() -> None:
    for plot in TREE["plots"]:
        [(name, drawn)] = plot.items()
        assert drawn["x_label"] and drawn["y_label"], name
        files = list(drawn["y"]) if isinstance(drawn["y"], dict) else [name]
        assert all(is_written(file) for file in files), name


def test_the_default_has_no_stage_of_another_method() -> None:
    """`foreach` over an empty mapping: another method costs the default run nothing."""
    with Repo(ROOT) as repo:
        names = {stage.name.partition("@")[0] for stage in repo.index.stages if stage.is_data_source is False}
    of_clips = {"clips", "sentiment", "persons", "selection", "emotionclip", "attention", "report_clips"}
    assert of_clips <= set(TREE["stages"])
    of_feng = {"pretext_set", "specialist_st", "specialist_ho", "specialist_hp", "amalgamate", "report_feng"}
    assert of_feng <= set(TREE["stages"])
    assert "train" in names and not names & (of_clips | of_feng)
