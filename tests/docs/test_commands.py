"""Every command of README and docs is classified, and those that cannot run here are checked otherwise."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from pacl_core.methods.params import Params
from tests.docs.classified import PYTHON_ELSEWHERE, RULES, Rule, rule_for
from tests.docs.pages import ROOT, SHELLS, Block, blocks, commands, inline_commands

BIN = Path(sys.executable).parent
KNOWN = (*SHELLS, "python", "yaml", "json", "text", "toml", "csv", "diff", "dockerfile", "html")


def classified(how: str) -> list[tuple[str, Rule]]:
    found = {command: rule_for(command) for _, command in commands()}
    return [(command, rule) for command, rule in found.items() if rule and rule.how == how]


def test_there_are_commands() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_a_block_names_its_language(block: Block) -> None:
    """One that is not known would hide a command from these tests; a fence without any is taken for shell."""
    assert block.language in KNOWN, f"{block}: give the block one of {', '.join(KNOWN)}"


def test_every_command_is_classified() -> None:
    """A new command needs a rule in tests/docs/classified.py; a block without commands needs ```text."""
    unknown = [f"{block}: {command}" for block, command in commands() if rule_for(command) is None]
    assert not unknown, "\n".join(unknown)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern)
def test_a_rule_that_does_not_run_says_why(rule: Rule) -> None:
    assert rule.why or rule.how in ("RUN", "RUN_ALL", "SWEEP")
    if rule.how == "ELSEWHERE":
        assert "\ndef test_" in (ROOT / rule.why).read_text()


@pytest.mark.parametrize("test", sorted(set(PYTHON_ELSEWHERE.values())))
def test_who_runs_a_python_block_elsewhere(test: str) -> None:
    assert "\ndef test_" in (ROOT / test).read_text()


def test_targets_exist() -> None:
    targets = {target for command, _ in classified("TARGET") for target in command.split()[1:]}
    targets |= {words.split()[1] for _, words in inline_commands() if words.startswith("make ")}
    known = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= known


@pytest.mark.parametrize("command", [command for command, _ in classified("OPTIONS")])
def test_options_are_the_tools_own(command: str) -> None:
    for part in command.split(" && "):
        words = part.split()
        said = help_of(*words[: 3 if words[1] in ("cache", "exp", "queue", "remote") else 2])
        for option in re.findall(r" (-[a-z]|--[a-z-]+)(?=[ =]|$)", part):
            assert option in said, f"{option} is not an option of {' '.join(words[:2])}"


@cache
def help_of(tool: str, *words: str) -> str:
    """What the tool's command says of itself; a command that is not there fails."""
    if tool.startswith("python"):
        words = ("-m", "venv")
    path = BIN / tool if (BIN / tool).exists() else Path(tool)
    flag = "-h" if tool == "git" else "--help"  # git's --help opens a pager
    done = subprocess.run([str(path), *words, flag], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 129), done.stderr
    return done.stdout + done.stderr


def test_inline_commands_begin_as_their_tools_do() -> None:
    """Commands between backticks are checked for their first words only; blocks are what one copies."""
    for page, words in inline_commands():
        tool, command = words.split()[:2]
        if tool in ("dvc", "hf") and not command.startswith("."):
            assert help_of(tool, command), f"{page}: {words}"


@pytest.mark.parametrize("command", [command for command, _ in classified("SWEEP")])
def test_a_sweep_queues_valid_params(command: str, tmp_path: Path) -> None:
    shim = tmp_path / "bin/dvc"
    shim.parent.mkdir()
    shim.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$NOTED"\n')
    shim.chmod(0o755)
    noted = tmp_path / "noted"
    environment = {"PATH": f"{shim.parent}:/usr/bin:/bin", "NOTED": str(noted), "PWD": str(ROOT)}
    subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, check=True)
    queued = noted.read_text().splitlines()
    assert len(queued) >= 5
    for line in queued:
        assert line.startswith("exp run --queue -n ")
        tree = yaml.safe_load((ROOT / "presets/tumemo-resnet50.yaml").read_text())
        for key, value in re.findall(r"-S ([\w.]+)=(\S+)", line):
            *parents, last = key.split(".")
            section = tree
            for parent in parents:
                section = section[parent]
            section[last] = yaml.safe_load(value)
        Params.model_validate(tree)
