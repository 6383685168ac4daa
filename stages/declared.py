"""What dvc.yaml says of the stage that runs: its arguments, the params that it reads, its dependencies.

A small part of DVC's templates, as far as dvc.yaml here goes: DVC's own take seconds to import.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pacl_core.errors import UserError

_PLACE = re.compile(r"\$\{(.+?)\}")
ABSENT = object()


class Declared(NamedTuple):
    """`arguments`: names of a data set, a protocol, a variant. `keys` of params.yaml, `deps` as paths."""

    arguments: list[str]
    keys: list[str]
    deps: list[Path]


def declared(stage: str, given: list[str], params: Any, *, file: Path = Path("dvc.yaml")) -> Declared | None:
    """What `file` says of a stage; None if it has no such stage, or no instance with these arguments.

    `given`: the stage's arguments, or its name as DVC has it: `features@faces-pacl`. `params`: the tree of
    params.yaml. Raises `UserError` where the two files do not fit together.
    """
    body = _stages(file).get(stage)
    if body is None:
        return None
    # below the project's root DVC says "../dvc.yaml:features@.."
    name = given[0].rpartition(":")[2] if len(given) == 1 else ""
    named = name.startswith(f"{stage}@")
    key = name.partition("@")[2] if named else "-".join(given)
    try:
        arguments, values = _instance(body, params, key, given=None if named else given)
        template = body.get("do", body)
        keys = [_filled(one, values) for one in template.get("params", []) if isinstance(one, str)]
        deps = [Path(_filled(one, values)) for one in template.get("deps", [])]
    except (KeyError, TypeError) as error:
        if not named and given:  # the stage itself says what it takes
            return None
        raise UserError(f"params.yaml no longer fits {stage} ({error}); run 'dvc repro' again") from None
    return Declared(arguments, keys, deps)


def value_at(params: Any, key: str) -> Any:
    """The value at a dotted key of params.yaml; `ABSENT` where there is none."""
    for part in key.split("."):
        if not isinstance(params, Mapping) or part not in params:
            return ABSENT
        params = params[part]
    return params


def read_yaml(file: Path) -> Any:
    """The tree of a YAML file; None where there is none. Raises `UserError` where it is no YAML."""
    try:
        return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        return None
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None


def _stages(file: Path) -> dict[str, Any]:
    tree = read_yaml(file)
    return (tree.get("stages") or {}) if isinstance(tree, dict) else {}


def _instance(
    body: Any, params: Any, key: str, *, given: list[str] | None
) -> tuple[list[str], dict[str, Any]]:
    """Arguments and template values of the instance of a stage that DVC calls `key`, or as given by hand."""
    if "foreach" in body:
        item = _looked_up(body["foreach"], params)[key]
        return [key], {**params, "key": key, "item": item}
    if "matrix" in body:
        lists = {name: _names(name, _looked_up(of, params)) for name, of in body["matrix"].items()}
        every = {"-".join(one): list(one) for one in product(*lists.values())}
        arguments = every[key] if given is None else given  # by hand, a variant may be in no list
        return arguments, {**params, "item": dict(zip(lists, arguments, strict=False))}
    return given or [], params


def _names(axis: str, values: Any) -> list[str]:
    """The words of an axis of a matrix: a section has no name of its own, and is counted, as DVC does."""
    return [f"{axis}{place}" if isinstance(one, Mapping) else str(one) for place, one in enumerate(values)]


def _looked_up(text: Any, params: Any) -> Any:
    """The list or section that `${name}` stands for; one that is written out is returned as it is."""
    match = _PLACE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return text
    found = value_at(params, match[1])
    if found is ABSENT:
        raise KeyError(match[1])
    return found


def _filled(text: Any, values: Any) -> str:
    return _PLACE.sub(lambda match: str(_looked_up(match[0], values)), str(text))
