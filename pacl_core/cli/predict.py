"""pacl predict: zero-shot emotions of pictures, and what the fitted heads say."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pacl_core.cli.arguments import MODEL, AsJson, Images, Model


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
    model: Model = MODEL,
    as_json: AsJson = False,
) -> None:
    """Emotions of pictures, and valence where a head was fitted.

    Emotions are found by their names alone (zero-shot): pictures and prompts share a space.

    Heads come from 'pacl head fit'. A file that is no usable picture is named with the reason, the others
    go on, and the exit code is 1. With --json every picture is one line.

    \b
    Examples:
      pacl predict holiday.jpg
      pacl predict holiday.jpg --labels joy,sadness --prompt "A photo with [C] emotion."
      pacl predict pictures/ --json > emotions.jsonl
    """
    from pacl_core.enhanced.heads import saved_heads
    from pacl_core.enhanced.model import EMOTIONS, PROMPTS, load_enhanced
    from pacl_core.enhanced.pictures import batches, picture_files
    from pacl_core.runtime import runtime

    names = [name.strip() for name in labels.split(",") if name.strip()] if labels is not None else EMOTIONS
    files = picture_files(images)
    loaded = load_enhanced(model)
    vectors = loaded.class_vectors(names, prompt or PROMPTS)
    heads = list(saved_heads(model))
    failed = 0
    for batch in batches(files, loaded.preprocess, loaded.batch, runtime().workers):
        for path, error in batch.failed:
            failed += 1
            print(f"pacl: {path}: {error}", file=sys.stderr)
            if as_json:
                print(json.dumps({"path": str(path), "error": error.reason, "detail": error.detail}))
        if batch.pixels is None:
            continue
        features = loaded.features(batch.pixels)
        rows: list[dict[str, Any]] = [
            {"emotions": dict(zip(names, map(float, shares), strict=True))}
            for shares in loaded.probabilities(features, vectors)
        ]
        for one in heads:
            for row, values in zip(rows, one.predict(features), strict=True):
                row.setdefault("heads", {})[one.dataset] = values
        for path, row in zip(batch.paths, rows, strict=True):
            print(json.dumps({"path": str(path), **row}, ensure_ascii=False) if as_json else _text(path, row))
    if failed:
        raise typer.Exit(1)


def _text(path: Path, row: dict[str, Any]) -> str:
    ranked = sorted(row["emotions"].items(), key=lambda one: -one[1])
    lines = [str(path), "  zero-shot  " + ", ".join(f"{name} {share:.0%}" for name, share in ranked[:4])]
    for dataset, tasks in row.get("heads", {}).items():
        for task, value in tasks.items():
            lines.append(f"  {task} (head {dataset})  {_value(value)}")
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    return f"{value:.2f}"
