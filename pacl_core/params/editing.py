"""Change values of a params file as text: comments, order and the way it is written stay."""

from collections.abc import Mapping
from typing import Any, cast

import yaml

from pacl_core.errors import UserError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a file is read several times per value


def with_value(text: str, key: str, value: Any) -> str:
    """`text` with the value at a dotted key, added if it is not there; of a mapping, the keys of `value`.

    What a mapping has besides stays. Raises `UserError` where the text cannot be edited in place: a section
    above the key is missing or not a mapping.
    """
    if isinstance(value, Mapping) and value and isinstance(_at(text, key), yaml.MappingNode):
        for name, one in value.items():
            text = with_value(text, f"{key}.{name}", one)
    else:
        text = _replaced(text, key, value)
    return text


def without(text: str, section: str, name: str) -> str:
    """`text` without an entry of a section that has others; the comment on its last line goes with it."""
    mapping = _at(text, section)
    assert isinstance(mapping, yaml.MappingNode)
    if mapping.flow_style:
        entries = yaml.safe_load(text[mapping.start_mark.index : mapping.end_mark.index])
        return _replaced(text, section, {key: value for key, value in entries.items() if key != name})
    key, value = next(entry for entry in mapping.value if entry[0].value == name)
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = text.find("\n", max(key.end_mark.index, _end(value) - 1))
    return text[:start] + (text[end + 1 :] if end >= 0 else "")


def _replaced(text: str, key: str, value: Any) -> str:
    *parents, last = key.split(".")
    node = _at(text, key)
    if node is not None and text[node.start_mark.index : _end(node)] == flow(value):
        return text
    if node is not None:
        start, end = node.start_mark.index, _end(node)
        separator = " " if text[start - 1 : start] == ":" else ""  # of a key without a value
        edited = f"{text[:start]}{separator}{flow(value)}{text[end:]}"
    else:
        section = (
            _at(text, ".".join(parents)) if parents else cast(yaml.Node, yaml.compose(text, Loader=_LOADER))
        )
        if not isinstance(section, yaml.MappingNode):
            raise UserError(
                f"'{'.'.join(parents)}' is no mapping; write into it by hand: {last}: {flow(value)}"
            )
        edited = with_entry(text, section, f"{last}: {flow(value)}")
    if not _changes_that_alone(text, edited, key, value=value):
        raise UserError(f"cannot be edited in place; write by hand: {key}: {flow(value)}")
    return edited


def _changes_that_alone(text: str, edited: str, key: str, *, value: Any) -> bool:
    """Anchors, for one, may stand for a value in two places."""
    wanted = yaml.load(text, Loader=_LOADER)
    section, (*parents, last) = wanted, key.split(".")
    for parent in parents:
        section = section[parent]
    section[last] = yaml.safe_load(flow(value))
    try:
        return bool(yaml.load(edited, Loader=_LOADER) == wanted)
    except yaml.YAMLError:
        return False


def _at(text: str, key: str) -> yaml.Node | None:
    node = cast(yaml.Node, yaml.compose(text, Loader=_LOADER))
    for part in key.split("."):
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next((value for name, value in node.value if name.value == part), None)
        if found is None:
            return None
        node = found
    return node


def _last(node: yaml.Node) -> yaml.Node:
    """What a value ends with: of a block, PyYAML counts the white space and comments behind it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node


def _end(node: yaml.Node) -> int:
    return cast(int, _last(node).end_mark.index)


def flow(value: object) -> str:
    """A value as YAML on one line, quoted as it has to be within braces."""
    dumped: str = yaml.safe_dump(
        [value], default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
    )
    return dumped.strip().removeprefix("[").removesuffix("]")


def with_entry(text: str, section: yaml.MappingNode, entry: str) -> str:
    """`text` with one more entry of a mapping, in braces or by lines as that is written."""
    if section.flow_style:
        end = section.end_mark.index - 1
        return text[:end] + (", " if section.value else "") + entry + text[end:]
    indent = " " * section.start_mark.column
    last = _last(section)
    # behind what else is on the line, such as a comment
    end = text.find("\n", max(last.start_mark.index, last.end_mark.index - 1))
    if end < 0:
        return f"{text}\n{indent}{entry}\n"
    return f"{text[:end]}\n{indent}{entry}{text[end:]}"
