"""The generated parts of docs/ are as `make reference` writes them."""

import ast
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
import yaml

from pacl_core.cli.main import app
from scripts.reference.cli_page import commands, examples
from scripts.reference.dvc_file import Stage, flow, read_stages
from scripts.reference.files import generated, stale
from scripts.reference.params_page import params_page
from scripts.reference.python_page import _named
from tests.docs.pages import ROOT


def test_nothing_is_stale() -> None:
    assert [str(path) for path in stale(ROOT)] == [], "run 'make reference'"


def test_every_key_of_the_committed_params_has_its_row() -> None:
    text = (ROOT / "docs/params.md").read_text()
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))

    def leaves(prefix: str, tree: object) -> list[str]:
        if isinstance(tree, dict):
            return [leaf for key, value in tree.items() for leaf in leaves(f"{prefix}.{key}", value)]
        return [prefix]

    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key in (leaf.removeprefix(".") for leaf in leaves("", tree)):
        section, _, rest = key.partition(".")
        rest = re.sub(r"^\w+", "<name>", rest, count=1) if section == "downstream" else rest
        if section != "variants":
            assert f"| `{rest}` |" in sections[section], key


def test_a_key_without_meaning_and_a_meaning_without_key_are_said(tmp_path: Path) -> None:
    words = yaml.safe_load((ROOT / "scripts/reference/meanings.yaml").read_text())
    short = tmp_path / "meanings.yaml"
    short.write_text(yaml.safe_dump({key: text for key, text in words.items() if key != "train.epochs"}))
    with pytest.raises(KeyError, match=r"train\.epochs"):
        params_page(short)
    short.write_text(yaml.safe_dump(words | {"train.epoch": "one too many"}))
    with pytest.raises(KeyError, match=r"'train\.epoch'"):
        params_page(short)


def test_no_key_is_described_twice() -> None:
    lines = (ROOT / "scripts/reference/meanings.yaml").read_text().splitlines()
    keys = [line.split(": ")[0] for line in lines if not line.startswith("#")]
    assert sorted(keys) == sorted(set(keys))


def test_a_stage_without_a_section_is_said(tmp_path: Path) -> None:
    for name in ("dvc.yaml", "docs/stages.md", "scripts/reference/meanings.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    dvc = yaml.safe_load((tmp_path / "dvc.yaml").read_text())
    dvc["stages"]["export"] = {"desc": "One more", "cmd": "true", "deps": ["models/pacl"], "outs": ["x"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump(dvc, sort_keys=False))
    with pytest.raises(KeyError, match="export"):
        generated(tmp_path)


def test_the_image_has_every_stage_and_the_flow_of_data() -> None:
    stages = read_stages(ROOT / "dvc.yaml")
    image = (ROOT / "docs/images/dag.svg").read_text()
    for name in stages:
        assert f">{name}</text>" in image
    edges = flow(stages).edges
    assert image.count("<path marker-end") == len(edges)
    assert {("pairs", "factual_scores"), ("shards", "train"), ("train", "features")} <= set(edges)


def test_who_reads_whose_outs() -> None:
    """Files in folders, names that a template fills, and nothing of what lies outside."""

    def stage(name: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> Stage:
        return Stage(name, name, "", reads, writes, ())

    first = stage("first", ("${corpus.path}",), ("data/pairs", "models/initial"))
    second = stage("second", ("data/pairs",), ("data/downstream/${key}.parquet",))
    third = stage("third", ("data/downstream/${item.set}.parquet", "models/${item.variant}"), ("out",))
    found = flow({one.name: one for one in (first, second, third)})
    assert set(found.edges) == {("first", "second"), ("second", "third")}  # first -> third is implied


COMMANDS = dict(commands(typer.main.get_command(app), ("pacl",)))


def test_every_command_has_its_section_and_examples() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    assert ("pacl", "predict") in COMMANDS and ("pacl", "export", "hf") in COMMANDS
    for path, command in COMMANDS.items():
        assert f"\n## {' '.join(path)}\n" in text
        assert examples(command), path


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_of_the_help_are_commands(path: tuple[str, ...]) -> None:
    """Their options exist and their values have the right type; nothing is run."""
    for line in examples(COMMANDS[path]):
        (called,) = (part for part in line.split(" | ") if part.startswith("pacl "))
        words = tuple(shlex.split(called))
        assert words[: len(path)] == path, line
        COMMANDS[path].make_context(" ".join(path), list(words[len(path) :]))


def test_a_name_that_the_code_no_longer_has_is_said() -> None:
    with pytest.raises(KeyError, match=r"x\.py: no definition of 'gone'"):
        _named(ast.parse("def here(): pass"), "gone", "x.py")
