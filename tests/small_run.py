"""A small finished run of the embedded default, written by hand: real models, scores drawn at random."""

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from PIL import Image, ImageDraw

from pacl_core.datasets.tasks import Task
from pacl_core.files.json_csv import write_json
from pacl_core.files.vectors import write_vectors
from pacl_core.media.images import normalise_image
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import load_model, save_model
from pacl_core.params.models import BackboneParams

PAIRS = 40
ITEMS = 30
BACKBONE = BackboneParams(kind="timm", name="tf_efficientnet_lite0", image_size=64)
MINILM = {"kind": "minilm", "name": "all-MiniLM-L6-v2", "pooling": "mean", "max_length": 128}
HOSTILE = "<img src=x onerror=alert(1)> **bold** {{ 7*7 }} [link](javascript:alert(1)) \u202eevil"
TASKS = [
    Task("valence", "regression", ("valence",), scale=(-1.0, 1.0)),
    Task("polarity", "single_label", ("polarity",), classes=("negative", "positive")),
]


def drawing(seed: int) -> bytes:
    """A PNG of coloured shapes."""
    generator = np.random.default_rng(seed)
    image = Image.new("RGB", (100, 80), tuple(int(c) for c in generator.integers(0, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = (int(value) for value in generator.integers(0, 60, 2))
        colour = tuple(int(c) for c in generator.integers(0, 255, 3))
        draw.ellipse((x, y, x + int(generator.integers(10, 40)), y + 20), fill=colour)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def drawings(folder: Path, count: int) -> list[Path]:
    """Files 0.png, 1.png, .. of different drawings."""
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(drawing(number))
    return files


def write_pairs_and_partition(root: Path) -> pl.DataFrame:
    """data/pairs (two parts of small row groups), partition, pseudo-labels; returns the partition table."""
    generator = np.random.default_rng(0)
    images = [normalise_image(drawing(row // 2), 64) for row in range(PAIRS)]  # every image twice
    factual, emotional = (generator.normal(0.2, 0.1, PAIRS).astype(np.float32) for _ in range(2))
    matched = factual > 0.2, emotional > 0.2
    texts = [
        f"a {word} day number {row}"
        for row, word in zip(range(PAIRS), ["Sunny", "sad"] * PAIRS, strict=False)
    ]
    texts[3] = HOSTILE
    names = {(True, True): "strong", (False, True): "partial_emotional", (True, False): "partial_factual"}
    ids = [f"p{row:03}" for row in range(PAIRS)]
    partition = pl.DataFrame(
        {
            "sample_id": ids,
            "text": texts,
            "anps": [["happy dog", "calm sea"] if row % 3 else [] for row in range(PAIRS)],
            "factual_score": factual,
            "emotional_score": emotional,
            "factual_value": factual,
            "emotional_value": [None if row == 5 else float(v) for row, v in enumerate(emotional)],
            "factual_matched": matched[0],
            "emotional_matched": matched[1],
            "partition": [names.get((bool(a), bool(b)), "weak") for a, b in zip(*matched, strict=True)],
        },
        schema_overrides={"emotional_value": pl.Float32},
    )
    pairs = pl.DataFrame(
        {
            "sample_id": ids,
            "text": texts,
            "image": [one.jpeg for one in images],
            "width": pl.Series([one.width for one in images], dtype=pl.Int32),
            "height": pl.Series([one.height for one in images], dtype=pl.Int32),
            "pixel_hash": [one.pixel_hash for one in images],
            "provenance": ["kept" if row % 4 else None for row in range(PAIRS)],
            "perceptual_hash": pl.Series([one.perceptual_hash for one in images], dtype=pl.UInt64),
        }
    )
    (root / "data/pairs").mkdir(parents=True)
    pairs[:17].write_parquet(root / "data/pairs/part-00000.parquet", row_group_size=5)
    pairs[17:].write_parquet(root / "data/pairs/part-00001.parquet", row_group_size=7)
    partition.write_parquet(root / "data/partition.parquet", row_group_size=9)
    labels = generator.integers(0, 3, (PAIRS, 2)).astype(np.int32)
    pl.DataFrame(
        {"sample_id": ids, "factual_label": labels[:, 0], "emotional_label": labels[:, 1]}
    ).write_parquet(root / "data/pseudo_labels.parquet")
    return partition


def write_models(root: Path) -> None:
    """models/initial and models/pacl: the embedded backbone at 64 pixels, projectors drawn at random."""
    generator = torch.Generator().manual_seed(0)
    backbone = load_backbone(BACKBONE)
    projectors = {
        "image.weight": torch.randn(16, 1280, generator=generator),
        "text.weight": torch.randn(16, 384, generator=generator),
    }
    params = {"epochs": 1, "batch_size": 8, "ema": None}
    training = {"steps": 5, "samples": {"strong": 9}, "params": params, "temperature": 0.07}
    for name, trained in (("initial", False), ("pacl", True)):
        folder = root / "models" / name
        folder.mkdir(parents=True)
        with torch.no_grad():
            for parameter in backbone.module.parameters():
                parameter.mul_(0.99 if trained else 1.0)
        save_model(
            folder,
            backbone,
            training if trained else None,
            projectors=projectors if trained else None,
            text_encoder=MINILM if trained else None,
        )


def write_downstream(root: Path, models: tuple[str, ...] = ("pacl",)) -> None:
    """data/downstream/emoji_sentiment and its features by the saved models."""
    generator = np.random.default_rng(1)
    images = [normalise_image(drawing(100 + item), 64) for item in range(ITEMS)]
    ids = [f"i{item:02}" for item in range(ITEMS)]
    valence = generator.random(ITEMS).astype(np.float32)
    table = pl.DataFrame(
        {
            "item_id": ids,
            "image": [one.jpeg for one in images],
            "split": [("train", "train", "val", "test")[item % 4] for item in range(ITEMS)],
            "valence": valence,
            "polarity": (valence > 0.5).astype(np.int32),
        }
    )
    folder = root / "data/downstream"
    folder.mkdir(parents=True)
    table.write_parquet(folder / "emoji_sentiment.parquet")
    write_json(folder / "emoji_sentiment.json", {"tasks": [task.to_json() for task in TASKS]})
    for name in models:
        features = root / f"data/features/emoji_sentiment-{name}"
        rows = features_of(root / "models" / name, [one.jpeg for one in images])
        stored = folder / "emoji_sentiment.parquet"
        write_vectors(features, stored, partial(rows_between, rows), dim=rows.shape[1], id_column="item_id")


def rows_between(rows: np.ndarray, start: int, stop: int) -> np.ndarray:
    return rows[start:stop]


def features_of(model: Path, jpegs: list[bytes]) -> np.ndarray:
    """Pooled features, one image after the other."""
    backbone = load_model(model)
    rows = []
    for jpeg in jpegs:
        pixels = backbone.preprocess.pixels(Image.open(io.BytesIO(jpeg)).convert("RGB"))
        with torch.no_grad():
            rows.append(
                backbone.module(backbone.preprocess.normalise(torch.from_numpy(pixels)[None]))[0].numpy()
            )
    return np.stack(rows).astype(np.float32)


def write_metrics(root: Path) -> None:
    """What the card reads: counts, shares, one comparison."""
    shares = {
        "strong": 0.25,
        "partial": 0.5,
        "partial_emotional": 0.25,
        "partial_factual": 0.25,
        "weak": 0.25,
    }
    write_json(root / "metrics/pairs.json", {"pairs": PAIRS, "rejected": 2, "read": PAIRS + 2})
    write_json(
        root / "metrics/partition.json",
        {
            "pairs": PAIRS,
            "shares": shares,
            "published_shares": None,
            "thresholds": {"factual": 0.28, "emotional": 0.15},
            "agreement": None,
        },
    )
    write_json(root / "metrics/comparison.json", [comparison()])


def comparison() -> dict[str, Any]:
    """Two regressions whose figures share a name, and one that is not defined."""

    def figure(initial: float | None, pacl: float | None) -> dict[str, Any]:
        def entry(mean: float | None) -> dict[str, Any]:
            bounds = (
                {"low": mean - 0.1, "high": mean + 0.1} if mean is not None else {"low": None, "high": None}
            )
            return {"mean": mean, "std": 0.01, **bounds}

        change = {"value": 0.05, "low": -0.01, "high": 0.11, "verdict": "unclear"}
        return {
            "variants": {"initial": entry(initial), "pacl": entry(pacl)},
            "differences": {"pacl": change},
            "baselines": {"mean": {"value": 0.12, "differences": {"pacl": change}}} if pacl else {},
        }

    tasks = {
        "valence": {
            "task": {"kind": "regression"},
            "test_items": 1500,
            "chosen": {},
            "figures": {"r2": figure(0.1, 0.15), "pearson": figure(None, None)},
        },
        "arousal | <b>": {
            "task": {"kind": "regression"},
            "test_items": 1500,
            "chosen": {},
            "figures": {"r2": figure(0.3, 0.35)},
        },
    }
    return {
        "dataset": "emoji_sentiment",
        "protocol": "linear",
        "variants": ["initial", "pacl"],
        "not_applicable": {},
        "excluded_test_items": 0,
        "tasks": tasks,
    }


def front_matter(card: str) -> str:
    """The YAML between the first two rules of a model card."""
    return card.split("---\n")[1]


def read_lines(text: str) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines() if line]
