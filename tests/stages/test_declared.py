"""What dvc.yaml says of a stage, without DVC, is what DVC makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pacl_core.errors import UserError
from stages.declared import ABSENT, declared, read_yaml, value_at
from tests.paths import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text()) | {
    "recipes": {"plain": {"partition": "none"}, "strong-1": {"train": {"usage": "strong", "seed": 1}}},
    "variants": {"theirs": {"weights": "data/theirs.pth", "sha256": None, "prefix": None}},
    "downstream": {
        name: {"record": f"data/{name}.yaml", "path": f"data/{name}", "image_size": 64}
        for name in ("faces", "my-faces")
    },
}
PARAMS["evaluate"]["transfer"] = [
    {"from": "faces", "to": ["my-faces"], "classes": {"joy": "happy"}},
    {"from": "my-faces", "to": ["faces"], "classes": None},
]
RESOLVED = """
import json
from dvc.repo import Repo
found = {}
for stage in Repo(".").index.stages:
    deps = [dep.def_path for dep in stage.deps if not hasattr(dep, "params")]
    keys = [key for dep in stage.deps if hasattr(dep, "params") for key in dep.params]
    found[stage.addressing] = [sorted(deps), sorted(keys)]
print(json.dumps(found))
"""


def test_every_stage_is_as_dvc_has_it(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    (tmp_path / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
    environ = os.environ | {"DVC_NO_ANALYTICS": "1"}
    for command in (("-m", "dvc", "init", "-q", "--no-scm"), ("-c", RESOLVED)):
        told = subprocess.run(
            (sys.executable, *command), cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        ).stdout
    of_dvc = yaml.safe_load(told.splitlines()[-1])
    assert len(of_dvc) > 30
    for name, (deps, keys) in of_dvc.items():
        stage = name.partition("@")[0]
        found = declared(stage, [name] if "@" in name else [], PARAMS, file=ROOT / "dvc.yaml")
        assert found is not None
        assert sorted(map(str, found.deps)) == sorted(os.path.normpath(dep) for dep in deps), name
        assert sorted(found.keys) == keys, name


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("downstream@my-faces", ["my-faces"]),
        ("recipe@strong-1", ["strong-1"]),
        ("variant@theirs", ["theirs"]),
        ("features@my-faces-pacl", ["my-faces", "pacl"]),
        ("transfer@entry1", ["entry1"]),
        ("measure@faces-zero_shot-initial", ["faces", "zero_shot", "initial"]),
    ],
)
def test_the_arguments_of_dvcs_name(name: str, arguments: list[str]) -> None:
    stage = name.partition("@")[0]
    by_name = declared(stage, [name], PARAMS, file=ROOT / "dvc.yaml")
    assert by_name is not None and by_name.arguments == arguments
    assert declared(stage, arguments, PARAMS, file=ROOT / "dvc.yaml") == by_name
    assert declared(stage, [f"../dvc.yaml:{name}"], PARAMS, file=ROOT / "dvc.yaml") == by_name


def test_by_hand_a_variant_may_be_in_no_list() -> None:
    found = declared("features", ["faces", "mine"], PARAMS, file=ROOT / "dvc.yaml")
    assert found is not None and Path("models/mine") in found.deps


@pytest.mark.parametrize("given", [["nobody"], ["a", "b"]])
def test_the_stage_itself_says_what_is_wrong_with_its_arguments(given: list[str]) -> None:
    assert declared("downstream", given, PARAMS, file=ROOT / "dvc.yaml") is None


def test_a_data_set_that_was_removed_meanwhile() -> None:
    with pytest.raises(UserError, match=r"params.yaml no longer fits downstream \('gone'\); run 'dvc repro'"):
        declared("downstream", ["downstream@gone"], PARAMS, file=ROOT / "dvc.yaml")


def test_without_a_dvc_yaml_or_a_stage_in_it(tmp_path: Path) -> None:
    assert declared("pairs", [], PARAMS, file=tmp_path / "dvc.yaml") is None
    assert declared("ready", [], PARAMS, file=ROOT / "dvc.yaml") is None
    (tmp_path / "dvc.yaml").write_text("stages: [")
    with pytest.raises(UserError, match=r"dvc\.yaml: not valid YAML"):
        declared("pairs", [], PARAMS, file=tmp_path / "dvc.yaml")


def test_values_by_their_keys(tmp_path: Path) -> None:
    assert value_at(PARAMS, "downstream.my-faces.image_size") == 64
    assert value_at(PARAMS, "variants.theirs.sha256") is None
    assert value_at(PARAMS, "downstream.none.path") is ABSENT
    assert read_yaml(tmp_path / "none.yaml") is None
