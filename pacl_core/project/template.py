"""The files of a new project: in a wheel next to this module, in a clone the clone's own."""

from collections.abc import Iterator
from pathlib import Path

from pacl_core.errors import UserError, unknown
from pacl_core.extras import checkout

CONTENTS = Path(__file__).parent / "contents.txt"
FOLDER = Path(__file__).parent / "template"  # scripts/wheel.py fills it when a wheel is built


def template() -> Path:
    """The folder with the files. Raises `UserError` where this installation has none."""
    root = FOLDER if FOLDER.is_dir() else checkout()
    if root is None:
        raise UserError(f"{FOLDER}: missing; install the package again, from a wheel or a clone")
    return root


def project_files(root: Path, contents: Path = CONTENTS) -> list[Path]:
    """Files that belong to a project, relative to `root`, by name; those of runs and hidden drafts do not."""
    patterns = contents.read_text(encoding="utf-8").split()
    return sorted({file.relative_to(root) for one in patterns for file in _found(root, one)})


def _found(root: Path, pattern: str) -> Iterator[Path]:
    return (file for file in root.glob(pattern) if file.is_file() and not file.is_symlink())


def presets(root: Path) -> list[str]:
    """Names of the presets."""
    return sorted(file.stem for file in (root / "presets").glob("*.yaml"))


def preset(root: Path, name: str) -> Path:
    """The file of a preset. Raises `UserError` for an unknown name."""
    if name not in presets(root):
        raise unknown("preset", name, presets(root))
    return root / "presets" / f"{name}.yaml"
