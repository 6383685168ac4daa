"""docs/cli.md: every command of `pacl` with its arguments and options, from what `--help` shows."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

import typer

from pacl_core.cli.main import app

_HEAD = """\
# Command line

Every command of `pacl`, as `pacl <command> --help` describes it. `make reference` writes this page. Exit
codes: 0, all done; 1, something could not be used, or a mistake in one line; 2, a misspelt command or option.
[Machine](machine.md) has the other settings; [Python](python.md) does the same without a command.
"""
_KINDS = {
    "path": "PATH",
    "str": "TEXT",
    "text": "TEXT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "float": "NUMBER",
}
_EXAMPLES = ("Examples:", "Example:")


def cli_page() -> str:
    """The page."""
    parts = [_HEAD]
    for path, command in commands(typer.main.get_command(app), ("pacl",)):
        parts.append("\n".join(_section(" ".join(path), command)))
    return "\n".join(parts)


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it, as click has them."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, one in below.items():
        yield from commands(one, (*path, name))


def examples(command: Any) -> list[str]:
    """The commands that its help shows."""
    after = _parts(command)[1]
    return [line.strip() for line in after.splitlines() if line.strip()]


def _section(called: str, command: Any) -> list[str]:
    said, shown = _parts(command)
    required = [one for one in command.params if one.param_type_name == "option" and one.required]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    usage = [*(f"{one.opts[0]} {_metavar(one)}" for one in required), *map(_metavar, arguments), "[options]"]
    lines = [f"## {called}", "", f"`{' '.join([called, *usage])}`", "", said.strip().replace("<", "&lt;"), ""]
    if shown.strip():
        lines += ["```sh", *(line.strip() for line in shown.strip().splitlines()), "```", ""]
    rows = [_row(one) for one in command.params if "--help" not in one.opts]
    if rows:
        lines += ["| | default | |", "|---|---|---|", *rows, ""]
    return lines


def _parts(command: Any) -> tuple[str, str]:
    """The text of the help, and the commands below its word 'Examples'."""
    text = "\n".join(line.rstrip() for line in (command.help or "").replace("\b", "").splitlines())
    for word in _EXAMPLES:
        if f"\n{word}\n" in text:
            before, after = text.split(f"\n{word}\n")
            return before, after
    return text, ""


def _row(one: Any) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(one.opts, key=len)) if "-" in one.opts[0] else ""
    metavar = "" if getattr(one, "is_flag", False) else _metavar(one)
    called = " ".join(part for part in (names, f"`{_cell(metavar)}`" if metavar else "") if part)
    return f"| {called} | {_default(one)} | {_cell(one.help or '')} |"


def _metavar(one: Any) -> str:
    if one.metavar:
        return str(one.metavar)
    if one.param_type_name == "argument":
        return str(one.name).upper()
    if "type_descriptor" in vars(one):  # typer since 0.20 has its own click, which keeps the annotation
        kind = one.type_descriptor.annotation
        kind = get_args(kind)[0] if get_args(kind) else kind
        if issubclass(kind, Enum):
            return "|".join(one.value for one in kind)
        return _KINDS.get(kind.__name__.lower(), kind.__name__.upper())
    if hasattr(one.type, "choices"):
        return "|".join(one.type.choices)
    return _KINDS.get(one.type.name.split()[0], one.type.name.upper())


def _default(one: Any) -> str:
    if one.required:
        return "required"
    shown = getattr(one, "show_default", None)
    if isinstance(shown, str):
        return _cell(shown)
    if shown is False or one.default in (None, False, (), []):
        return ""
    return f"`{one.default}`"


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
