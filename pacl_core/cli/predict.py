"""pacl predict: zero-shot emotions of images, and the predictions of fitted heads."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacl_core.cli.arguments import MODEL, AsJson, Images, Model

if TYPE_CHECKING:
    from pacl_core.inference.heads import SavedHeads
    from pacl_core.inference.model import Probabilities, Vectors


def predict(
    images: Images,
    labels: Annotated[
        str | None,
        typer.Option(help="Class names, separated by commas.", show_default="Mikels' eight emotions"),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(help="Prompt with [C] for the class; may be repeated.", show_default="the paper's two"),
    ] = None,
    *,
    model: Model = MODEL,
    as_json: AsJson = False,
) -> None:
    """Emotions of images, and valence if a head was fitted.

    Emotions are predicted from their names alone (zero-shot), as images and prompts share a space. Heads
    come from 'pacl head fit'.

    A model that was not trained on photographs says so first, on standard error.

    A file that is not a usable image is named with the reason; the others are predicted, and the exit code
    is 1. With --json every image is one line.

    \b
    Examples:
      pacl predict face.png
      pacl predict face.png --labels joy,sadness --prompt "A photo with [C] emotion."
      pacl predict images/ --json > emotions.jsonl
    """
    from pacl_core.inference.heads import saved_heads
    from pacl_core.inference.images import batches, image_files
    from pacl_core.inference.model import EMOTIONS, PROMPTS, load_saved_model
    from pacl_core.runtime.settings import runtime

    names = [name.strip() for name in labels.split(",") if name.strip()] if labels is not None else EMOTIONS
    files = image_files(images)
    loaded = load_saved_model(model)
    if caveat := loaded.caveat():
        print(f"pacl: {caveat}", file=sys.stderr)
    vectors = loaded.class_vectors(names, prompt or PROMPTS)
    heads = list(saved_heads(model))
    failed = 0
    for batch in batches(files, loaded.preprocess, loaded.batch, workers=runtime().workers):
        rows: Iterator[dict[str, Any]] = iter(())
        if batch.pixels is not None:
            features = loaded.features(batch.pixels)
            rows = iter(_rows(names, loaded.probabilities(features, vectors), features, heads=heads))
        for path, error in batch.files:
            if error is None:
                row = next(rows)
                print(_json(path, row) if as_json else _text(path, row))
                continue
            failed += 1
            print(f"pacl: {path}: {error}", file=sys.stderr)
            if as_json:
                print(_json(path, {"error": error.reason, "detail": error.detail}))
    if failed:
        raise typer.Exit(1)


def _rows(
    names: Sequence[str], probabilities: "Probabilities", features: "Vectors", *, heads: "list[SavedHeads]"
) -> list[dict[str, Any]]:
    """One answer per image."""
    rows: list[dict[str, Any]] = [
        {"emotions": dict(zip(names, map(float, one), strict=True))} for one in probabilities
    ]
    for head in heads:
        for row, values in zip(rows, head.predict(features), strict=True):
            row.setdefault("heads", {})[head.dataset] = values
    return rows


def _json(path: Path, row: dict[str, Any]) -> str:
    return json.dumps({"path": str(path), **row}, ensure_ascii=False)


def _text(path: Path, row: dict[str, Any]) -> str:
    ranked = sorted(row["emotions"].items(), key=lambda one: -one[1])
    lines = [str(path), "  zero-shot  " + ", ".join(f"{name} {value:.0%}" for name, value in ranked[:4])]
    for dataset, tasks in row.get("heads", {}).items():
        for task, value in tasks.items():
            lines.append(f"  {task} (head {dataset})  {_value(value)}")
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    return f"{value:.2f}"
