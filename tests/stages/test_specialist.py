"""The stages of specialists (st, ho, hp), `amalgamate` and `report_feng` on a small backbone, run by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
import torch
import yaml
from safetensors.torch import load_file

from pacl_core.errors import UserError
from pacl_core.files.tables import write_table
from pacl_core.methods.params import Params, load
from pacl_core.models.saved import load_model, load_specialists
from pacl_core.report.sections.specialists import TASKS
from stages import amalgamate, report_feng, specialist_ho, specialist_hp, specialist_st
from tests.methods.feng import made
from tests.paths import ROOT
from tests.published_trees import image
from tests.tiny_checkpoints import write_tiny_timm

STAGES = {"st": specialist_st, "ho": specialist_ho, "hp": specialist_hp}
QUICK = {part: {"epochs": 1, "step_epochs": 1, "batch_size": 6} for part in ("st", "ho", "hp")}


def write_sets(folder: Path) -> None:
    """One set of each kind."""
    folder.mkdir(parents=True)
    for name, kind in (("scenes", "single_label"), ("pairs", "single_label"), ("said", "caption")):
        column = {"single_label": [row % 2 for row in range(9)], "caption": ["a bar in red"] * 9}[kind]
        split = ["val" if row > 5 else "train" for row in range(9)]
        ids, images = [f"{name} {row}" for row in range(9)], [image(row) for row in range(9)]
        table = {"item_id": ids, "image": images, "split": split, "value": column}
        write_table(folder / f"{name}.parquet", pa.table(table))
        classes = ["a", "b"] if kind == "single_label" else None
        task = {"name": "value", "kind": kind, "columns": ["value"], "classes": classes}
        (folder / f"{name}.json").write_text(json.dumps({"tasks": [task]}))


def params_of(folder: Path, **given: object) -> Params:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["backbone"] = {**write_tiny_timm(folder / "resnet", "test_resnet.r160_in1k"), "image_size": 32}
    sets = {"scene": "scenes", "anp": "pairs", "caption": "said"}
    tree["pretext_sets"] = {one: {"record": f"{one}.yaml", "path": one} for one in sets.values()}
    tree["feng"] = {"mine": {**made.SMALL, **QUICK, "sets": sets, **given}}
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    return load(folder / "params.yaml")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which all four stages ran."""
    folder = tmp_path_factory.mktemp("feng")
    write_sets(folder / "data/pretext")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PACL_DEVICE", "cpu")
        params = params_of(folder)
        for module in (*STAGES.values(), amalgamate):
            run(module, params, patch)
    return folder


def run(module: ModuleType, params: Params, patch: pytest.MonkeyPatch, name: str = "mine") -> None:
    patch.setattr("sys.argv", [module.__name__, name])
    main: Callable[[Params], None] = module.main
    main(params)


@pytest.mark.parametrize(
    ("part", "tasks"), [("st", "color sr"), ("ho", "scene jigsaw"), ("hp", "anp caption")]
)
def test_a_specialist_is_a_variant_with_heads_and_curves(ran: Path, part: str, tasks: str) -> None:
    folder = ran / "models" / f"mine-{part}"
    about = json.loads((folder / "model.json").read_text())["training"]
    assert (about["method"], about["specialist"]) == ("feng", part)
    heads = load_file(folder / "heads.safetensors")
    assert {name.partition(".")[0] for name in heads} == set(about["tasks"]) == set(tasks.split())
    with torch.no_grad():
        assert load_model(folder).module(torch.zeros(1, 3, 32, 32)).shape == (1, load_model(folder).dim)
    curves = ran / "training_feng" / f"mine-{part}"
    assert set(json.loads((curves / "examples/examples.json").read_text())) == set(tasks.split())
    last = json.loads((curves / "metrics.json").read_text())
    for task in tasks.split():
        assert {"held_out", "constant"} <= set(last[task])
        assert (curves / f"plots/metrics/loss/{task}.tsv").is_file()


def test_the_student_stands_next_to_its_specialists(ran: Path) -> None:
    folder = ran / "models/mine"
    card = json.loads((folder / "model.json").read_text())
    assert card["training"]["method"] == "feng" and "ours" in card["training"]["made"]
    specialists = load_specialists(folder)
    assert list(specialists) == card["specialists"] == ["st", "ho", "hp"]
    for part, one in specialists.items():
        alone = load_model(ran / "models" / f"mine-{part}").state()
        assert all(torch.equal(tensor, alone[name]) for name, tensor in one.state().items())
    student, hp = load_model(folder).state(), specialists["hp"].state()
    assert any(not torch.equal(student[name], hp[name]) for name in hp)
    assert "feature_st_f2" in json.loads((ran / "training_feng/mine/metrics.json").read_text())


def test_the_page_shows_what_these_stages_wrote(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ran)
    run(report_feng, load(Path("params.yaml")), monkeypatch)
    page = Path("report_feng/mine/index.html").read_text()
    shown = page[page.index('<section id="specialists">') :].split("</section>")[0]
    for task in TASKS.values():
        assert f'<th scope="row">{task.name}<small>' in shown and f"<h4>{task.name}</h4>" in shown
    held = 3
    assert shown.count("<img") == held * (3 + 3 + 1 + 3 + 1 + 1)
    assert "a bar in red" in shown and "bicubic 0." in shown and "BLEU-4 0." in shown
    assert "% right, of 2 classes" in shown and "% right, of 1,008 classes" in shown


@pytest.mark.parametrize("start", ["hp", "initial"])
def test_without_epochs_the_student_is_what_it_starts_from(
    ran: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: str
) -> None:
    for name in ("models", "data"):
        (tmp_path / name).symlink_to(ran / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    params = params_of(tmp_path, distil={"epochs": 0, "student": start})
    kept = {file: file.read_bytes() for file in (ran / "models/mine").rglob("*") if file.is_file()}
    run(amalgamate, params, monkeypatch)
    student = load_model(Path("models/mine")).state()
    wanted = load_model(Path("models/mine-hp")).state()
    same = all(torch.equal(student[name], wanted[name]) for name in wanted)
    assert same == (start == "hp")
    assert Path("training_feng/mine/metrics.json").read_text().strip() == "{}"
    for file, content in kept.items():
        file.write_bytes(content)


def test_a_stage_that_runs_again_writes_the_same_bytes(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ran)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    places = [Path("models/mine-st"), Path("training_feng/mine-st")]
    before = {file: file.read_bytes() for place in places for file in place.rglob("*") if file.is_file()}
    run(specialist_st, load(Path("params.yaml")), monkeypatch)
    assert before == {
        file: file.read_bytes() for place in places for file in place.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize("module", [*STAGES.values(), amalgamate, report_feng])
def test_another_name_is_one_line(module: ModuleType, ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ran)
    with pytest.raises(UserError, match=r"unknown training of Feng et al\. 'other'"):
        run(module, load(Path("params.yaml")), monkeypatch, "other")


@pytest.mark.parametrize(
    ("section", "name", "message"),
    [
        ("variants", "mine-st", r"feng.mine: models/mine-st is another model"),
        ("pretext_sets", None, r"feng.mine.sets.scene: unknown pretext set 'scenes'"),
    ],
)
def test_names_that_clash_or_are_unknown_are_one_line(
    ran: Path, tmp_path: Path, section: str, name: str | None, message: str
) -> None:
    tree = yaml.safe_load((ran / "params.yaml").read_text())
    tree[section] = {} if name is None else {name: {"weights": "a.pt", "sha256": None, "prefix": None}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(UserError, match=message):
        load(tmp_path / "params.yaml")
