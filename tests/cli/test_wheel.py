"""From a built wheel to the report of an own corpus: `pacl init`, `pacl corpus add`, `dvc repro`.

The wheel is installed into an environment of its own, which sees this one's packages, but not the clone.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pacl_core.project.installed_code import rooms
from pacl_core.project.template import project_files
from tests.paths import ROOT
from tests.published_trees import image, put

pytestmark = pytest.mark.slow

WORDS = ("a happy dog on the beach", "so sad, rain again", "lovely flowers", "an angry crowd", "dark night")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git has, so that nothing is left in the clone."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ("git", "ls-files", "-co", "--exclude-standard", "-z"),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(out))
    subprocess.run((sys.executable, "-m", "pip", "wheel", *options, "."), cwd=source, check=True)
    return next(out.glob("pacl-*.whl"))


class Machine:
    """An environment with the wheel, and a folder to work in."""

    def __init__(self, root: Path, wheel: Path) -> None:
        subprocess.run((sys.executable, "-m", "venv", "--without-pip", root / "venv"), check=True)
        self.bin, self.root = root / "venv/bin", root
        pip = (
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.bin / "python"),
            "install",
            "-q",
            "--no-deps",
            "--no-index",
        )
        subprocess.run((*pip, str(wheel)), check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = root / f"venv/lib/{version}/site-packages"
        (self.packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
        (self.bin / "dvc").write_text(f'#!/bin/sh\nexec "{self.bin}/python" -m dvc "$@"\n')
        (self.bin / "dvc").chmod(0o755)

    def run(self, *command: str, cwd: Path) -> str:
        """Output of a command, which must succeed."""
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        env |= {"PATH": f"{self.bin}{os.pathsep}{env['PATH']}", "PACL_DEVICE": "cpu", "DVC_NO_ANALYTICS": "1"}
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"), wheel)


def test_the_wheel_has_one_package_and_the_files_of_a_project(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pacl_core"}
    prefix = "pacl_core/project/template/"
    inside = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert inside == {file.as_posix() for file in project_files(ROOT)}


def test_from_the_wheel_to_the_report(machine: Machine) -> None:
    posts = machine.root / "posts"
    for number in range(40):
        put(posts / f"{number}.jpg", image(number, side=64))
        put(posts / f"{number}.txt", f"{WORDS[number % 5]} {number}".encode())
    assert "git initialised, DVC initialised" in machine.run("pacl", "init", "mine", cwd=machine.root)
    project = machine.root / "mine"
    said = machine.run("pacl", "corpus", "add", "../posts", cwd=project)
    assert "reader folder\n  40 images, 40 with a .txt of the same name" in said
    small = (
        (project / "params.yaml")
        .read_text()
        .replace("projector_warmup_steps: 1500", "projector_warmup_steps: 5")
    )
    (project / "params.yaml").write_text(small.replace("  near_duplicates: {distance: 4}\n", ""))
    ontology = project / "data/ontology/affective_anps.txt"
    ontology.write_text("".join(ontology.read_text().splitlines(keepends=True)[::20]))
    recipe = project / "data/corpora/openmoji.yaml"
    recipe.write_text(re.sub(r"^min_uses: \d+", "min_uses: 300", recipe.read_text(), flags=re.MULTILINE))

    first = machine.run("dvc", "repro", cwd=project)
    assert "filled in pairs.near_duplicates" in first
    assert "Running stage 'report'" in first
    assert (project / "report/index.html").stat().st_size > 100_000
    assert not (project / "pacl_core").exists()
    assert "It will run." in machine.run("pacl", "doctor", cwd=project)

    second = machine.run("dvc", "repro", cwd=project)
    assert re.findall(r"Running stage '([^']+)'", second) == ["ready"]
    listed = {
        file.relative_to(project / "data/code").as_posix()
        for file in (project / "data/code").rglob("*.sha256")
    }
    assert listed == {f"{room}.sha256" for room in rooms((ROOT / "dvc.yaml").read_text())}

    # another version of a room runs again what depends on it; the one whose outs are the same ends there
    file = machine.packages / "pacl_core/methods/pacl/embedding_map.py"
    file.write_text(file.read_text() + "\n# newer\n")
    third = machine.run("dvc", "repro", cwd=project)
    assert "new code in methods/pacl/embedding_map.py" in third
    assert re.findall(r"Running stage '([^']+)'", third) == ["ready", "embedding_map"]
