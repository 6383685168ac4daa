"""What ran: the corpus, the models, the main settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import read_json
from pacl_core.report.reading import Artefacts, Evaluated, optional_json

Named = list[tuple[str, str]]

UNTRAINED = ("tiny-vit",)  # backbones whose weights are random

# the settings that a reader asks for first; the page has all of them below these
_KEYS = (
    ("Corpus", "pairs.reader", "pairs.path"),
    ("Factual scorer", "factual_scores.scorer.kind", "factual_scores.scorer.name"),
    ("Adjective-noun pairs", "anps.kind", "anps.path"),
    ("Emotional text encoder", "emotional_scores.text_encoder.kind", "emotional_scores.text_encoder.name"),
    ("Backbone", "backbone.kind", "backbone.name"),
    ("Text encoder", "text_encoder.kind", "text_encoder.name"),
    ("Clusters (K)", "pseudo_labels.k"),
    ("Epochs", "train.epochs"),
    ("Batch size", "train.batch_size"),
    ("Temperature", "train.temperature"),
    ("Learning rates, backbone and projectors", "train.backbone_lr", "train.projector_lr"),
    ("BatchNorm", "train.batch_norm"),
    ("Projector warm-up steps", "train.projector_warmup_steps"),
)
_MODELS = {"backbone": "backbone", "text encoder": "text_encoder"}


def what_ran(artefacts: Artefacts, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "corpus": optional_json(artefacts.metrics / "pairs.json"),
        "models": models(artefacts),
        "settings": settings(params, _KEYS),
    }


def models(artefacts: Evaluated) -> list[dict[str, Any]]:
    """What the cards of the saved models say."""
    return [_model(path) for path in artefacts.models if (path / "model.json").is_file()]


def this_run(artefacts: Artefacts, params: dict[str, Any]) -> list[str]:
    """What tells this run from others: corpus, backbone, text encoder."""
    where = ", ".join(str(one) for key in ("reader", "path") if (one := lookup(params, f"pairs.{key}")))
    corpus = optional_json(artefacts.metrics / "pairs.json")
    pairs = f" ({corpus['pairs']:,} pairs)" if corpus else ""
    models = [(name, lookup(params, f"{key}.name")) for name, key in _MODELS.items()]
    return [f"Corpus {where}{pairs}"] + [f"{name} {model}" for name, model in models if model]


def lookup(params: dict[str, Any], key: str) -> Any:
    """A value by its dotted key, None where there is none."""
    value: Any = params
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def settings(params: dict[str, Any], named: Sequence[tuple[str, ...]]) -> Named:
    """The values of `named`, (name, dotted keys), as text; those without a value are left out."""
    rows = []
    for name, *keys in named:
        values = [str(value) for key in keys if (value := lookup(params, key)) is not None]
        if values:
            rows.append((name, ", ".join(values)))
    return rows


def _model(folder: Path) -> dict[str, Any]:
    card = read_json(folder / "model.json")
    weights = card.get("initial_weights") or {}
    without = "random, by a fixed seed" if card.get("name") in UNTRAINED else "from its package"
    return {
        "variant": folder.name,
        "name": card.get("name"),
        "library": card.get("library"),
        "dim": card.get("dim"),
        "image_size": card.get("image_size"),
        "source": weights.get("source") or without,
        "sha256": weights.get("sha256"),
        "training": _flat(card.get("training") or {}),
    }


def _flat(value: object, key: str = "") -> Named:
    """A nested value as (dotted key, text) rows."""
    if isinstance(value, dict):
        inner = ((f"{key}.{name}" if key else str(name), part) for name, part in value.items())
        return [row for name, part in inner for row in _flat(part, name)]
    return [(key, str(value))]
