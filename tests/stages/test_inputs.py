"""What a stage has read may not change before it ends; what it has not read may."""

import os
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import yaml

from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.runtime.file_states import states
from stages.run import run
from tests.dag.small_project import edit_params
from tests.faults.processes import until
from tests.paths import ROOT

Edit = Callable[[], object]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """dvc.yaml and params.yaml, and a corpus and weights that the latter names."""
    (tmp_path / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    for name in ("corpus/a.txt", "weights/a.pth", "data/pairs/part-00000.parquet", "pacl_core/files/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    edit_params(tmp_path, pairs__path="corpus", backbone__weights="weights/a.pth")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["-m"])
    return tmp_path


def ended(capsys: pytest.CaptureFixture[str], stage: str, edit: Edit) -> str | None:
    """The error of a stage during which `edit` happens; None where it ends well."""

    def main(params: Params) -> None:
        if stage == "initial":
            link_weights({"backbone": params.backbone.weights})
        edit()

    try:
        run(stage, main)
    except SystemExit as end:
        assert end.code == 1
        return capsys.readouterr().err.splitlines()[-1]
    return None


def params(**changes: Any) -> Edit:
    return lambda: edit_params(Path(), **changes)


def write(path: str, text: str = "edited") -> Edit:
    def edit() -> None:
        Path(path).write_text(text)
        later = Path(path).stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))

    return edit


@pytest.mark.parametrize(
    ("stage", "edit", "what"),
    [
        ("pairs", params(pairs__image_size=77), "params.yaml: pairs.image_size (256, now 77)"),
        (
            "pairs",
            params(pairs={"reader": "folder", "path": "corpus"}),
            "params.yaml: pairs.image_size (256,",
        ),
        ("check_names", params(variants={"a": {"weights": "a.pth"}}), "params.yaml: variants ({}, now {'a'"),
        ("report", params(train__epochs=77), "params.yaml"),  # which it shows
        ("pairs", write("corpus/a.txt"), "corpus/a.txt"),
        ("pairs", write("corpus/b.txt"), "corpus/b.txt"),
        ("pairs", lambda: Path("corpus/a.txt").unlink(), "corpus"),
        ("partition", write("data/pairs/part-00000.parquet"), "data/pairs/part-00000.parquet"),
        ("initial", write("weights/a.pth"), "weights/a.pth"),
    ],
)
def test_an_edit_of_what_a_stage_read_fails_it(
    project: Path, capsys: pytest.CaptureFixture[str], stage: str, edit: Edit, what: str
) -> None:
    line = ended(capsys, stage, edit)
    assert line is not None and line.startswith(f"{stage}: error: {what}")
    assert line.endswith(
        "was edited while this stage ran, so what it wrote is of before; run 'dvc repro' again"
    )


@pytest.mark.parametrize(
    ("stage", "edit"),
    [
        ("pairs", params(train__epochs=77, backbone__image_size=77)),
        ("train", params(pairs__image_size=77)),
        ("pairs", lambda: (params(pairs__image_size=77)(), params(pairs__image_size=256)())),
        ("pairs", write("corpus/a.txt", "as it was")),
        ("pairs", lambda: Path("params.yaml").touch()),
        ("partition", write("corpus/a.txt")),
        ("initial", lambda: None),  # it has set a link in a folder that it depends on
    ],
)
def test_any_other_edit_is_how_people_prepare_the_next_run(
    project: Path, capsys: pytest.CaptureFixture[str], stage: str, edit: Edit
) -> None:
    assert ended(capsys, stage, edit) is None


@pytest.mark.parametrize(("protocol", "told"), [("linear", True), ("zero_shot", False)])
def test_an_instance_of_a_matrix_reads_its_own_protocol(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    told: bool,
) -> None:
    name = f"evaluate@emoji_sentiment-{protocol}-pacl"
    monkeypatch.setattr(sys, "argv", ["-m", name])
    line = ended(capsys, "evaluate", params(evaluate__linear__epochs=77))
    assert (line is not None) == told
    assert sys.argv[1:] == ["emoji_sentiment", protocol, "pacl"]


@pytest.mark.parametrize(("name", "told"), [("faces", True), ("others", False)])
def test_an_instance_of_a_list_reads_its_own_entry(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, told: bool
) -> None:
    entry = {"record": "r.yaml", "path": "corpus", "image_size": 64}
    edit_params(project, downstream={"faces": entry, "others": dict(entry)})
    monkeypatch.setattr(sys, "argv", ["-m", name])
    line = ended(capsys, "downstream", params(downstream__faces__image_size=77))
    assert (line is not None) == told


def test_code_is_compared_with_what_it_was_before_it_was_imported(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [Path("pacl_core/files/x.py"), Path("stages/other.py")]
    monkeypatch.setattr("stages.inputs.CODE", states(files))
    assert ended(capsys, "pairs", files[0].touch) is None
    line = ended(capsys, "pairs", write(str(files[0])))
    assert line is not None and "error: pacl_core/files/x.py was edited while" in line


def test_without_dvc_yaml_the_whole_of_params_yaml_counts(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "dvc.yaml").unlink()
    tree = yaml.safe_load((project / "params.yaml").read_text())
    again = yaml.safe_dump(tree, sort_keys=True)  # says the same in other words
    assert ended(capsys, "pairs", lambda: Path("params.yaml").write_text(again)) is None
    line = ended(capsys, "pairs", params(train__epochs=77))
    assert line is not None and line.startswith("pairs: error: params.yaml was edited")


def test_an_edit_is_said_soon_and_may_be_taken_back(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("stages.inputs.PERIOD", 0.01)
    monkeypatch.setattr("stages.inputs.CODE", states([Path("pacl_core/files/x.py")]))

    def edit() -> None:
        params(pairs__image_size=77)()
        assert until(lambda: "params.yaml: pairs.image_size (256, now 77) was edited: put" in caplog.text, 10)
        for half_written in ("", "pairs: ["):  # saved again a moment later
            Path("params.yaml").write_text(half_written)
            sleep(0.1)
        params_before.replace("params.yaml")
        write("pacl_core/files/x.py")()
        assert until(lambda: "pacl_core/files/x.py was edited: put it back" in caplog.text, 10)
        write("pacl_core/files/x.py", "as it was")()

    params_before = project / "params.yaml.before"
    params_before.write_bytes(Path("params.yaml").read_bytes())
    assert ended(capsys, "pairs", edit) is None
    assert len([line for line in caplog.messages if "was edited" in line]) == 2


def test_a_stage_that_works_in_another_folder_for_a_while_edits_nothing(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("stages.inputs.PERIOD", 0.01)
    monkeypatch.setattr("stages.inputs.CODE", states([Path("pacl_core/files/x.py")]))

    def elsewhere() -> None:
        with chdir(project / "corpus"):
            sleep(0.2)

    assert ended(capsys, "pairs", elsewhere) is None
    assert not [line for line in caplog.messages if "was edited" in line]


def test_a_params_yaml_that_is_half_written_at_the_end(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ended(capsys, "pairs", lambda: Path("params.yaml").write_text("pairs: ["))
    assert line is not None and "params.yaml: not valid YAML" in line
