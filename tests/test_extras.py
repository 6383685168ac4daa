"""Advice names this clone, or the packages of the extra: never this project's name on an index."""

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError

import pytest

from pacl_core import extras
from tests.paths import ROOT


class Installed:
    """What a wheel's metadata say."""

    requires = (
        "numpy>=2.0",
        'nicegui>=3.0; extra == "explore"',
        'av>=18; extra == "video"',
        "h5py>=3.12; extra == 'video'",
        'pacl[explore,video]; extra == "test"',
        'ruff; extra == "test"',
    )


def test_in_a_clone_the_clone_is_installed() -> None:
    assert extras.checkout() == ROOT
    assert extras.install("explore") == "pip install -e '.[explore]'"


def test_elsewhere_the_packages_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "checkout", lambda: None)
    monkeypatch.setattr(extras, "distribution", lambda name: Installed())
    assert extras.install("explore") == "pip install 'nicegui>=3.0'"
    assert extras.install("video") == "pip install 'av>=18' 'h5py>=3.12'"
    assert extras.install("test") == "pip install 'nicegui>=3.0' 'av>=18' 'h5py>=3.12' 'ruff'"
    assert extras.install("nope") == "install the extra 'nope' of this package"


def test_not_installed_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "checkout", lambda: None)
    monkeypatch.setattr(extras, "distribution", absent)
    assert extras.requirements("explore") == []


def test_an_import_that_failed_names_its_extra() -> None:
    absent = ModuleNotFoundError("No module named 'dvc.repo'", name="dvc.repo")
    assert extras.missing(absent) == "this needs the package dvc; pip install -e '.[pipeline]'"
    assert extras.missing(ModuleNotFoundError("x", name="x")) is None


def test_every_extra_of_the_project_that_a_command_needs_has_its_modules() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras._MODULES) == set(declared) - {"docs", "hooks", "test"}


def test_a_package_that_is_not_wanted_is_not_loaded_meanwhile():
    script = (
        "import sys; from pacl_core.extras import unimportable\n"
        "with unimportable('colorsys'):\n"
        "    try: import colorsys\n"
        "    except ImportError: print('not there')\n"
        "import colorsys\n"
        "with unimportable('colorsys'): print(sys.modules['colorsys'] is colorsys)\n"
        "print(sys.modules['colorsys'] is colorsys)"
    )
    ended = subprocess.run((sys.executable, "-c", script), check=True, capture_output=True, text=True)
    assert ended.stdout.split("\n") == ["not there", "True", "True", ""]
