"""dvc.yaml lists the code that each stage imports and the params that it reads: no more, no less."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.dag.stage_sources import CANNOT_CHANGE_RESULTS, ROOT, _is_blank, code_of, is_data, keys_read_by

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def body(stage: str) -> dict[str, list[str]]:
    declared = STAGES[stage]
    return declared.get("do", declared)


def entries(stage: str) -> list[str]:
    """The deps of a stage that are code: folders and files of the project's packages."""
    return [dep for dep in body(stage)["deps"] if dep.startswith(("pacl_core", "stages"))]


@cache
def covered(entry: str) -> set[str]:
    """The files that an entry covers."""
    path = ROOT / entry
    found = path.rglob("*") if path.is_dir() else [path]
    files = {str(file.relative_to(ROOT)) for file in found if file.suffix == ".py" or is_data(file)}
    return {file for file in files if not file.startswith(CANNOT_CHANGE_RESULTS) and not _is_blank(file)}


@pytest.mark.parametrize("stage", STAGES)
def test_every_import_is_covered_by_an_entry(stage: str) -> None:
    assert code_of(stage) - {file for entry in entries(stage) for file in covered(entry)} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_every_entry_covers_an_import(stage: str) -> None:
    imported = code_of(stage)
    assert [entry for entry in entries(stage) if not covered(entry) & imported] == []


def test_code_is_listed_by_folder() -> None:
    """Entries that follow every file of every import change with every commit; folders do not."""
    counts = {stage: len(entries(stage)) for stage in STAGES}
    assert sum(counts.values()) <= 6.5 * len(counts)
    assert sum(count < 10 for count in counts.values()) > 0.8 * len(counts)


SECTIONS = (
    "clips",
    "downstream",
    "emotionclip",
    "feng",
    "pretext_sets",
    "recipes",
    "variants",
)  # whose names become paths

_OF_ALL = ("init", "precision", "seed")
OF_SPECIALISTS = {
    "st": (*_OF_ALL, "color", "sets.scene", "sr", "st"),
    "ho": (*_OF_ALL, "ho", "jigsaw", "sets.scene"),
    "hp": (*_OF_ALL, "caption", "hp", "sets.anp", "sets.caption"),
}

# stages whose params name one entry or one protocol of a section
TEMPLATED = {
    "attention": {"emotionclip.${key}.clips"},
    "downstream": {"downstream.${key}.image_size", "downstream.${key}.path", "downstream.${key}.record"},
    "pretext_set": {
        "pretext_sets.${key}.image_size",
        "pretext_sets.${key}.path",
        "pretext_sets.${key}.record",
    },
    "clips": {"clips.${key}"},
    "emotionclip": {"emotionclip.${key}"},
    "recipe": {"recipes.${key}"},
    "report_clips": {"emotionclip.${key}.clips"},
    "amalgamate": {f"feng.${{key}}.{one}" for one in ("distil", "hp", "precision", "seed", "sets")},
    **{
        f"specialist_{part}": {f"feng.${{key}}.{one}" for one in keys}
        for part, keys in OF_SPECIALISTS.items()
    },
    "selection": {"emotionclip.${key}.clips", "emotionclip.${key}.filter"},
    "variant": {"variants.${key}.prefix", "variants.${key}.sha256", "variants.${key}.weights"},
    "evaluate": {"evaluate.${item.protocol}"},
}
OF_TEMPLATES = {
    "attention": ("emotionclip",),
    "downstream": ("downstream",),
    "clips": ("clips",),
    "emotionclip": ("emotionclip",),
    "persons": ("clips",),
    "pretext_set": ("pretext_sets",),
    "recipe": ("recipes",),
    "report_clips": ("emotionclip",),
    "report_feng": ("feng",),
    "selection": ("emotionclip",),
    **dict.fromkeys(("specialist_st", "specialist_ho", "specialist_hp"), ("feng",)),
    "amalgamate": ("feng",),
    "sentiment": ("clips",),
    "variant": ("variants",),
    "evaluate": (
        "evaluate.linear.",
        "evaluate.finetune.",
        "evaluate.amalgamate.",
        "evaluate.zero_shot.",
        "evaluate.few_shot",
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_the_keys_read(stage: str) -> None:
    plain = {key for key in keys_read_by(stage) if not key.startswith(OF_TEMPLATES.get(stage, ("-",)))}
    assert set(body(stage).get("params", [])) == plain | TEMPLATED.get(stage, set())


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_single_values(stage: str) -> None:
    """A section listed whole would run the stage again for any key in it; of a protocol every key counts."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key in set(body(stage).get("params", [])) - TEMPLATED.get(stage, set()):
        value = tree
        for part in key.split("."):
            value = value[part]
        assert not isinstance(value, dict) or key in SECTIONS, key


@pytest.mark.parametrize("stage", STAGES)
def test_no_command_holds_a_value_of_params(stage: str) -> None:
    """A shell reads commands, and a name may hold what a shell acts on."""
    assert "${" not in body(stage)["cmd"]


def test_every_stage_has_its_module_and_every_module_its_stage() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")} - {
        "__init__",
        "declared",
        "inputs",
        "run",
        "signals",
        "specialist",
        "ready",
    }
    assert modules == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_fits_one_screen(stage: str) -> None:
    assert len(Path(ROOT / "stages" / f"{stage}.py").read_text().splitlines()) <= 110
