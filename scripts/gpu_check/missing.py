"""Prints the project's requirements that are not installed, in one line. Needs the standard library alone."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def missing(pyproject: Path) -> list[str]:
    """The requirements of which no version is installed; versions are pip's to compare."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + project["optional-dependencies"]["pipeline"]
    names = [re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in required]
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    print(" ".join(missing(Path(__file__).parents[2] / "pyproject.toml")))
