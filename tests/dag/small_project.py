"""A copy of the project on a small corpus, and what `dvc repro` did in it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.built_once import built_once
from tests.faults.shims import shims
from tests.paths import ROOT

SOURCES = (
    "pacl_core",
    "stages",
    "dvc.yaml",
    "params.yaml",
    ".dvcignore",
    ".gitignore",
    ".dvc/config",
    ".dvc/plots_page.html",
    ".dvc/.gitignore",
    "data/.gitignore",
    "data/attention/.gitignore",
    "data/clips/.gitignore",
    "data/downstream/.gitignore",
    "data/features/.gitignore",
    "data/leaks/.gitignore",
    "data/persons/.gitignore",
    "data/pretext/.gitignore",
    "data/selection/.gitignore",
    "data/sentiment/.gitignore",
    "data/corpora",
    "data/datasets",
    "data/ontology",
    "data/published",
    "data/weights_in_use",
    "metrics/.gitignore",
    "metrics/attention/.gitignore",
    "metrics/clips/.gitignore",
    "metrics/leaks/.gitignore",
    "metrics/persons/.gitignore",
    "metrics/selection/.gitignore",
    "metrics/sentiment/.gitignore",
    "plots/.gitignore",
    "evaluation/.gitignore",
    "evaluation_transfer/.gitignore",
    "models/.gitignore",
)


def edit_params(root: Path, **changes: Any) -> None:
    """Set params by key, dots written as double underscores: `pseudo_labels__k=3`."""
    path = root / "params.yaml"
    tree = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = tree
        for parent in parents:
            section = section[parent]
        section[last] = value
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


@dataclass(frozen=True)
class Done:
    """Exit code and output of a command, the stages that ran and those restored from the run cache."""

    code: int
    output: str

    @property
    def ran(self) -> set[str]:
        return set(re.findall(r"Running stage '([^']+)'", self.output))

    @property
    def restored(self) -> set[str]:
        return set(re.findall(r"Stage '([^']+)' is cached - skipping run", self.output))


@dataclass(frozen=True)
class Project:
    """A project folder that DVC runs in."""

    root: Path

    def run(self, *command: str, **environment: str) -> Done:
        """Run a command of the virtual environment in the project."""
        env = os.environ | {"DVC_NO_ANALYTICS": "1", "PACL_WORKERS": "2", "PACL_DEVICE": "cpu"} | environment
        env["PATH"] = os.pathsep.join((str(shims()), str(Path(sys.executable).parent), env["PATH"]))
        done = subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, check=False, timeout=600
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def repro(self, *arguments: str, **environment: str) -> Done:
        """`dvc repro`, which must succeed."""
        done = self.run("dvc", "repro", *arguments, **environment)
        assert done.code == 0, done.output
        return done

    def edit(self, **changes: Any) -> None:
        """As `edit_params`."""
        edit_params(self.root, **changes)

    def bytes_of(self, *artefacts: str) -> dict[str, bytes]:
        """Every file under the given artefacts, by its path."""
        found = {}
        for artefact in artefacts:
            path = self.root / artefact
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    found[str(file.relative_to(self.root))] = file.read_bytes()
        return found


def copy_project(folder: Path, posts: int = 150) -> Project:
    """The project's sources in `folder`, under git; embedded corpus, phrases and test set are cut small."""
    for source in SOURCES:
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, target)
    for name in (path.name for path in (folder / "data/corpora").iterdir() if path.is_dir()):
        shutil.rmtree(folder / "data/corpora" / name)
    project = Project(folder)
    recipe = folder / "data/corpora/openmoji.yaml"
    text = re.sub(r"^posts: \d+", f"posts: {posts}", recipe.read_text(), flags=re.MULTILINE)
    recipe.write_text(re.sub(r"^min_uses: \d+", "min_uses: 100", text, flags=re.MULTILINE))
    ontology = folder / "data/ontology/affective_anps.txt"
    ontology.write_text("".join(ontology.read_text().splitlines(keepends=True)[::8]))
    project.edit(
        backbone__image_size=32,
        train__batch_size=8,
        train__projector_warmup_steps=5,
        downstream__emoji_sentiment__image_size=64,
        evaluate__linear__epochs=3,
        evaluate__linear__seeds=2,
        evaluate__bootstrap=100,
        report__samples=2,
    )
    for command in (
        ("init", "-q", "-b", "main"),
        ("config", "user.email", "test@example.org"),
        ("config", "user.name", "Test"),
    ):
        subprocess.run(("git", *command), cwd=folder, check=True)
    return project


def reproduced(factory: pytest.TempPathFactory) -> Project:
    """The small project after one full reproduction, committed."""

    def build(folder: Path) -> None:
        project = copy_project(folder)
        project.repro()
        commit_all(project, "reproduced")

    root, _ = built_once(factory, "reproduced", build)
    return Project(root)


def commit_all(project: Project, message: str) -> None:
    """Commit what git does not ignore."""
    for command in (("add", "-A"), ("commit", "-q", "-m", message)):
        subprocess.run(("git", *command), cwd=project.root, check=True)
