"""What a stage reads, as it was when the stage began: DVC records it as it is when the stage has ended.

An edit in between, "to prepare the next run", would be locked as what made these outs, and the run cache
would hand them out for it later.
"""

import logging
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

from pacl_core.errors import UserError
from pacl_core.methods.params import Params, load
from pacl_core.models.local_files import local_files
from pacl_core.project.installed_code import SUFFIX, stale
from pacl_core.runtime.file_states import State, edited, states
from stages import CODE, PACKAGE
from stages.declared import ABSENT, Declared, declared, read_yaml, value_at

log = logging.getLogger("pacl")

PARAMS = Path("params.yaml")
PERIOD = 30.0  # seconds between two looks, at what is quick to look at
INSTALLED = Path("data/code")  # outside a clone: hashes of the installed code, written by `ready`
_WEIGHTS = Path("data/weights_in_use")  # links that stages set: what they will lead to counts


class Inputs(NamedTuple):
    """`values`: of params.yaml by key, as the stage's entry in dvc.yaml has them; without one, the whole.

    `code` was taken before it was imported. `files` are the states of all else at `paths`.
    """

    params: Params
    arguments: list[str]
    values: dict[str, Any] | None
    code: dict[Path, State]
    paths: list[Path]
    files: dict[Path, State]


def read_inputs(stage: str, given: list[str]) -> Inputs:
    """What a stage with these arguments is about to read.

    Raises `UserError` where params.yaml is wrong, or DVC was told of other code than is installed.
    """
    tree = read_yaml(PARAMS)
    params = load(PARAMS)
    found = declared(stage, given, tree)
    if found is None:
        return Inputs(params, given, None, {}, [], {})
    if (other := stale(INSTALLED, found.deps)) is not None:
        raise UserError(f"{other} is not of the package that is installed now; run 'dvc repro' again")
    values = {key: value_at(tree, key) for key in found.keys}
    listed = {_code(dep) for dep in found.deps}
    code = {file: state for file, state in CODE.items() if {file, *file.parents} & listed}
    paths = _paths(found, params)
    return Inputs(params, found.arguments, values, code, paths, states(paths))


@contextmanager
def unedited(inputs: Inputs) -> Iterator[None]:
    """Raise `UserError` at the end where something that the stage has read is no longer what it was.

    Of params and code a warning comes soon: a stage may take hours, and an edit can be taken back.
    """
    ended = Event()
    watch = Thread(target=_warn, args=(inputs, Path.cwd(), ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
    what = _edited_param(inputs) or edited(inputs.code, inputs.code) or edited(inputs.files, inputs.paths)
    if what is not None:
        raise UserError(
            f"{what} was edited while this stage ran, so what it wrote is of before; run 'dvc repro' again"
        )


def _code(dep: Path) -> Path:
    """The code that a dependency stands for; any other dependency as it is."""
    if not dep.is_relative_to(INSTALLED):
        return dep
    return PACKAGE / dep.relative_to(INSTALLED).as_posix().removesuffix(SUFFIX)


def _warn(inputs: Inputs, home: Path, ended: Event) -> None:
    """`home`: where the stage began; in the meantime it may work in another folder."""
    code = {home / file: state for file, state in inputs.code.items()}
    told = None
    while not ended.wait(PERIOD):
        try:
            what = _edited_param(inputs, home)
            if what is None and (file := edited(code, code)):
                what = str(file.relative_to(home) if file.is_relative_to(home) else file)
        except UserError:  # half written, it may be
            continue
        if what is not None and what != told:
            log.warning("%s was edited: put it back before this stage ends, or the stage fails then", what)
        told = what


def _edited_param(inputs: Inputs, home: Path = Path()) -> str | None:
    if inputs.values is None:
        return None if load(home / PARAMS) == inputs.params else str(PARAMS)
    tree = read_yaml(home / PARAMS)
    if not tree:  # an editor empties a file before it writes it
        raise UserError(f"{PARAMS}: empty or missing")
    for key, before in inputs.values.items():
        if (now := value_at(tree, key)) != before:
            return f"{PARAMS}: {key} ({_shown(before)}, now {_shown(now)})"
    return None


def _shown(value: Any) -> str:
    return "absent" if value is ABSENT else textwrap.shorten(repr(value), 60, placeholder=" ..")


def _paths(found: Declared, params: Params) -> list[Path]:
    """The dependencies that are no code."""
    weights = {
        "backbone": params.backbone.weights,
        "persons": params.persons.weights,
        "sentiment": params.sentiment.model.weights,
        "emotional_encoder": params.emotional_scores.text_encoder.weights,
        "scorer": params.factual_scores.scorer.weights,
        "text_encoder": params.text_encoder.weights,
    }
    paths: list[Path] = []
    for dep in found.deps:
        if dep.parent == _WEIGHTS:
            paths += local_files(weights[dep.name])
        elif dep.parts[0] not in ("pacl_core", "stages"):
            paths.append(dep)
    return paths
