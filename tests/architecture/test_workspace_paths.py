"""Only `cli` and `stages` know the layout of the workspace: params.yaml, and what is under data/."""

import ast
import re
from collections.abc import Iterator

from scripts.reference.rooms import room_of
from tests.architecture.sources import Source, is_text, modules

PATH = re.compile(r"params\.yaml|(?<![\w/.])data/")
ALLOWED_ROOMS = ("cli", "stages")

# File -> why it may. This list only shrinks.
_SAYS = "a message that tells the user where to look"
_ARTEFACTS = "reads artefacts of the workspace that it is given as `root`"
LEFT = {
    "pacl_core/corpus/openmoji/recipe.py": _SAYS,
    "pacl_core/corpus/pair_store.py": _SAYS,
    "pacl_core/corpus/readers/mvsa.py": "a folder of the published corpus, not the workspace's",
    "pacl_core/datasets/record.py": _SAYS,
    "pacl_core/doctor/data.py": _SAYS,
    "pacl_core/inference/images.py": "images of the run that a model's folder is part of",
    "pacl_core/inference/export/model_card.py": "the key in dvc.lock under which DVC records params",
    "pacl_core/models/local_files.py": "the folder of links that DVC watches in place of weights elsewhere",
    "pacl_core/models/weights.py": _SAYS,
    "pacl_core/report/runs.py": "the key in DVC's record of an experiment",
    "pacl_core/explorer/selection.py": "a folder inside a zip, as FiftyOne names it",
}


def strings(source: Source) -> Iterator[ast.Constant]:
    """Every string except docstrings, also those inside f-strings."""
    docs = {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(source.tree):
        if is_text(node) and id(node) not in docs:
            yield node


def named() -> dict[str, list[str]]:
    """File -> the strings of it that name the workspace's layout."""
    found: dict[str, list[str]] = {}
    for module, source in modules().items():
        if room_of(module) not in ALLOWED_ROOMS:
            for node in strings(source):
                if PATH.search(node.value):
                    found.setdefault(source.path, []).append(f"{source.path}:{node.lineno} {node.value!r}")
    return found


def test_paths_of_the_workspace_are_arguments() -> None:
    wrong = [line for path, lines in named().items() if path not in LEFT for line in lines]
    assert not wrong, "\n".join(wrong)


def test_what_is_left_is_still_there() -> None:
    assert sorted(LEFT.keys() - named().keys()) == [], "no longer needed: delete the line"
