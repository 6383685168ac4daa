"""Running what the pages say in a small copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from tests.dag.small_project import Project, commit_all
from tests.docs.classified import PYTHON_ELSEWHERE, PYTHON_RUN_ALL, rule_for
from tests.docs.pages import ROOT, Block, blocks, commands


def with_its_scripts(project: Project) -> Project:
    """The project, what the pages also name next to it, committed."""
    for folder in ("presets", "scripts"):
        shutil.copytree(ROOT / folder, project.root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    commit_all(project, "scripts")
    return project


def shell(project: Project, command: str) -> tuple[int, str]:
    """Exit code and output of a command line, as a reader types it."""
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "PACL_WORKERS": "2", "PACL_DEVICE": "cpu"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


def to_run(how: str) -> list[str]:
    """Commands of one kind, each once, in reading order."""
    found = dict.fromkeys(command for _, command in commands())
    return [command for command in found if (rule := rule_for(command)) and rule.how == how]


def python_blocks(whole: bool) -> list[Block]:
    """Python blocks without a title that need the whole pipeline, or those that do not."""
    found = [block for block in blocks() if block.language == "python" and block.title is None]
    found = [block for block in found if not _any(PYTHON_ELSEWHERE, block)]
    return [block for block in found if _any(PYTHON_RUN_ALL, block) is whole]


def _any(patterns: Iterable[str], block: Block) -> bool:
    return any(re.search(pattern, block.text, re.MULTILINE) for pattern in patterns)


def run_python(project: Project, block: Block) -> str:
    """What the block prints, run as a script in the project."""
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block}: {done.stderr}"
    return done.stdout


def columns(path: Path) -> dict[str, str]:
    """Names and types of a table on disk, as docs/stages.md writes them."""
    file = sorted(path.glob("*.parquet"))[0] if path.is_dir() else path
    return {field.name: _type(field.type) for field in pq.read_schema(file)}


def _type(kind: object) -> str:
    text = str(kind).replace("large_", "").replace("element: ", "").replace("item: ", "")
    return text.replace("list<", "list of ").replace(">", "")
