"""Adds the files that `pacl init` writes to a wheel, from where they are in the repository.

pyproject.toml names `BuildPy`, which setuptools runs when it builds a wheel.
"""

import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

ROOT = Path(__file__).parents[1]
ROOM = Path("pacl_core/project")


class BuildPy(build_py):
    """Copies what contents.txt lists to pacl_core/project/template; an editable install reads the clone."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / ROOM / "template"
        shutil.rmtree(target, ignore_errors=True)
        for pattern in (ROOT / ROOM / "contents.txt").read_text(encoding="utf-8").split():
            for file in ROOT.glob(pattern):
                if file.is_file():
                    copy = target / file.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
