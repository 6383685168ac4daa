"""What open_clip published under a name: weights alone do not tell how they were trained."""

import logging
from collections.abc import Mapping
from typing import Any

import open_clip

from pacl_core.errors import UserError

log = logging.getLogger("pacl")

_PREPROCESS = ("mean", "std", "interpolation", "resize_mode")


def published_options(name: str, config: str, quick: bool | None) -> dict[str, Any]:
    """Options of `open_clip.create_model` for weights whose file `config` is missing or incomplete.

    Preprocessing and activation (`quick`: QuickGELU or not; None: unknown) are those of the published tags
    of `name`, if these agree. Raises `UserError` if they differ in preprocessing; warns if both activations
    were published, or nothing was.
    """
    tags = {tag: open_clip.get_pretrained_cfg(name, tag) for tag in _tags(name)}
    if not tags:
        log.warning(
            "open_clip model '%s': nothing is published under this name, and no %s next to the weights says "
            "how images were preprocessed; mean, std and resizing are taken to be OpenAI's",
            name,
            config,
        )
        return {}
    options: dict[str, Any] = {}
    quick = uses_quick_gelu(name) if quick is None else quick
    if quick is None:
        quick = False
        log.warning(
            "open_clip model '%s': published with GELU (%s) and with QuickGELU (%s), and the weights do not "
            "say which; GELU is used. For the others name it '%s-quickgelu', or put their %s next to them",
            name,
            _few(tag for tag, published in tags.items() if not published.get("quick_gelu")),
            _few(tag for tag, published in tags.items() if published.get("quick_gelu")),
            name,
            config,
        )
    if quick:
        options["force_quick_gelu"] = True
    options["force_preprocess_cfg"] = _preprocessing(
        name, {tag: cfg for tag, cfg in tags.items() if bool(cfg.get("quick_gelu")) == quick} or tags, config
    )
    return options


def uses_quick_gelu(name: str) -> bool | None:
    """Whether the weights published under a name, or its own configuration, use QuickGELU; None if only some
    do."""
    if (open_clip.get_model_config(name) or {}).get("quick_gelu"):
        return True
    forms = {bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu")) for tag in _tags(name)}
    return None if len(forms) > 1 else True in forms


def _preprocessing(name: str, tags: Mapping[str, Mapping[str, Any]], config: str) -> dict[str, Any]:
    ways: dict[tuple[Any, ...], list[str]] = {}
    for tag, published in tags.items():
        ways.setdefault(tuple(published[key] for key in _PREPROCESS), []).append(tag)
    if len(ways) > 1:
        said = "; ".join(
            f"{_few(of)}: mean {way[0][0]:.2f}, std {way[1][0]:.2f}, {way[2]}, {way[3]}"
            for way, of in ways.items()
        )
        raise UserError(
            f"open_clip model '{name}': published with {len(ways)} ways of preprocessing ({said}), and the "
            f"weights do not say which; put the {config} of their hub repository next to them"
        )
    (way,) = ways
    return dict(zip(_PREPROCESS, way, strict=True))


def _tags(name: str) -> list[str]:
    found: list[str] = open_clip.list_pretrained_tags_by_model(name)
    return found


def _few(tags: Any) -> str:
    listed = list(tags)
    return ", ".join(listed[:2]) + (", .." if len(listed) > 2 else "")
