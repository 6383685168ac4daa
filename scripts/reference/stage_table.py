"""What a stage reads and writes, as Markdown."""

from scripts.reference.dvc_file import Stage


def stage_table(stage: Stage) -> str:
    """Command, data, outs and the keys of params.yaml that make the stage stale."""
    rows = [
        ("reads", _list(stage.reads)),
        ("writes", _list(stage.writes)),
        ("params", _keys(stage.params)),
    ]
    lines = [
        f"| command | `{_names(stage.cmd)}` |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
    ]
    return "\n".join(lines) + "\n"


def _list(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{_names(path)}`" for path in paths) or "-"


def _names(text: str) -> str:
    """`${item.dataset}` as `<dataset>`; a path that params.yaml names by its key."""
    for written, shown in (
        ("item.dataset", "dataset"),
        ("item.variant", "variant"),
        ("item.protocol", "protocol"),
    ):
        text = text.replace("${" + written + "}", f"<{shown}>")
    return text.replace("${key}", "<name>").replace("${", "<").replace("}", ">")


def _keys(keys: tuple[str, ...]) -> str:
    """Keys by their section: `partition.mode`, .. as links to the section of the reference."""
    sections: dict[str, list[str]] = {}
    for key in keys:
        section, _, rest = _names(key).partition(".")
        sections.setdefault(section, []).append(rest)
    shown = []
    for section, rests in sections.items():
        names = ", ".join(f"`{rest}`" for rest in rests if rest)
        shown.append(f"[{section}](params.md#{section})" + (f": {names}" if names else ""))
    return "; ".join(shown) or "-"
