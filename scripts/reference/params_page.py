"""docs/params.md: every key of params.yaml with its type, default and bounds, from the params models."""

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pacl_core.methods.params import Params
from pacl_core.params.section import Name, Section

_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "min_length": "length >="}
_HEAD = """\
# Parameters

Every key of `params.yaml`, by section. Only what changes results is a parameter; settings of the machine are
in [Machine](machine.md). `make reference` writes this page from the models in `pacl_core/params` and
`pacl_core/methods`, which check the file before any work begins. A key without a default is required.
[Stages](stages.md) lists the keys that make each stage stale.
"""


def params_page(meanings: Path) -> str:
    """The page. Raises `KeyError` for a key without a description, and for a description without a key."""
    words: dict[str, str] = yaml.safe_load(meanings.read_text(encoding="utf-8"))
    used: set[str] = set()
    parts = [_HEAD]
    for name, field in Params.model_fields.items():
        rows = [_row(name, key, one, words, used, meanings) for key, one in _leaves(name, field)]
        table = ["| key | type | default | what it decides |", "|---|---|---|---|", *rows]
        parts.append("\n".join([f"## {name}", "", _intro(field), "", *table]) + "\n")
    if unknown := set(words) - used:
        raise KeyError(f"{meanings}: '{unknown.pop()}' is not a key of the params models; delete its line")
    return "\n".join(parts)


def _intro(field: FieldInfo) -> str:
    section = _section(field.annotation)
    text = " ".join((section.__doc__ or "").split()) if section else ""
    return text or "The model that the stage runs."


def _leaves(prefix: str, field: FieldInfo) -> list[tuple[str, FieldInfo]]:
    """Single values under a field, by their full key; `<name>` is the key of a mapping."""
    section = _section(field.annotation)
    if section is None or field.description:  # one line for a section that is explained as a whole
        return [(prefix, field)]
    inner = f"{prefix}.<name>" if get_origin(field.annotation) is dict else prefix
    return [leaf for name, one in section.model_fields.items() for leaf in _leaves(f"{inner}.{name}", one)]


def _section(annotation: Any) -> type[Section] | None:
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def _row(
    section: str, key: str, field: FieldInfo, words: dict[str, str], used: set[str], meanings: Path
) -> str:
    meaning = words.get(key) or field.description
    if not meaning:
        raise KeyError(f"{meanings}: no line for '{key}'; say in a few words what it decides")
    if key in words:
        used.add(key)
    bounds = ", ".join(
        f"{sign} {getattr(one, name):.10g}"
        for one in field.metadata
        for name, sign in _BOUNDS.items()
        if getattr(one, name, None) is not None
    )
    kind = _type(field.annotation) + (f", {bounds}" if bounds else "")
    shown = key.removeprefix(f"{section}.")
    return f"| `{shown}` | {kind} | {_default(field)} | {meaning} |"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return "name" if annotation == Name else _type(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_type(one) for one in get_args(annotation))
    if get_origin(annotation) is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"mapping to {_type(get_args(annotation)[1])}"
    if _section(annotation) is not None:
        return "section"
    names = {type(None): "null", str: "text", bool: "true or false", int: "whole number", float: "number"}
    return names.get(annotation, f"`{annotation}`")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.is_required() else "none"
    return f"`{_yaml(field.default)}`"


def _yaml(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("\n").removesuffix("\n...")
