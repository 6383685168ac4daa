"""A tiny corpus as shards, and a tiny backbone with what matters: convolution, BatchNorm, dropout."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pacl_core.files.hashing import file_sha256
from pacl_core.media.image_hashes import perceptual_hash, pixel_hash
from pacl_core.media.images import decode_jpeg
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.models.backbones import Backbone, merged_state
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams

TEXT_DIM = 6
SIZES = {"strong": 12, "partial_emotional": 20, "partial_factual": 7, "weak": 5}


@pytest.fixture
def make_shards(tmp_path: Path) -> Callable[..., Path]:
    """`make_shards(sizes, folder)`: images of one colour each, whose text embedding is that colour.

    Each has a text of its own, but for the partial ones: they say that of the strong one of their number.
    """

    def make(sizes: dict[str, int] | None = None, folder: Path = tmp_path / "data" / "shards") -> Path:
        chance = np.random.default_rng(0)
        parts = {}
        for name, count in (SIZES if sizes is None else sizes).items():
            shards = []
            for shard, first in enumerate(range(0, count, 8)):
                path = folder / name / f"{name}-{shard:05d}.tar"
                path.parent.mkdir(parents=True, exist_ok=True)
                members = {}
                for number in range(first, min(first + 8, count)):
                    members |= sample(name, number, chance)
                write_tar(path, members)
                entry = {"path": f"{name}/{path.name}", "samples": min(8, count - first)}
                shards.append(entry | {"bytes": path.stat().st_size, "sha256": file_sha256(path)})
            parts[name] = {"samples": count, "shards": shards}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.json").write_text(json.dumps({"partitions": parts, "text_dim": TEXT_DIM}))
        return folder

    return make


def sample(partition: str, number: int, chance: np.random.Generator) -> dict[str, bytes]:
    colour = chance.integers(0, 256, 3)
    image = io.BytesIO()
    noise = chance.integers(-20, 20, (36, 44, 3))
    Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8)).save(image, "JPEG", quality=95)
    decoded = decode_jpeg(image.getvalue())
    described = {
        "sample_id": f"{partition}/{number}",
        "partition": partition,
        "factual_label": int(colour[0] > 128),
        "emotional_label": int(colour[1] > 128),
        "factual_score": 0.5,
        "emotional_score": 0.5,
        "pixel_hash": pixel_hash(decoded),
        "perceptual_hash": f"{perceptual_hash(decoded):016x}",
    }
    said_by = "strong" if partition.startswith("partial") else partition
    embedding = io.BytesIO()
    np.save(embedding, np.concatenate([colour / 255, 1 - colour / 255]).astype(np.float32))
    key = f"{number:09d}"
    return {
        f"{key}.jpg": image.getvalue(),
        f"{key}.json": json.dumps(described).encode(),
        f"{key}.npy": embedding.getvalue(),
        f"{key}.txt": f"the colour of {said_by}/{number}".encode(),
    }


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


@pytest.fixture
def change_shard() -> Callable[..., None]:
    """`change_shard(folder, shard, change)`: rewrite a shard's members, the index agreeing with it."""

    def rewrite(folder: Path, shard: str, change: Callable[[dict[str, bytes]], object]) -> None:
        path = folder / shard
        with tarfile.open(path) as archive:
            members = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
        change(members)
        write_tar(path, members)
        index = json.loads((folder / "index.json").read_text())
        for part in index["partitions"].values():
            for entry in part["shards"]:
                if entry["path"] == shard:
                    entry["sha256"] = file_sha256(path)
        (folder / "index.json").write_text(json.dumps(index))

    return rewrite


@pytest.fixture
def make_backbone() -> Callable[[], Backbone]:
    def make() -> Backbone:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            module = nn.Sequential(
                nn.Conv2d(3, 8, 3, stride=2),
                nn.BatchNorm2d(8),
                nn.ReLU(),
                nn.Dropout(0.2),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(8, 10),
            ).eval()
        preprocess = Preprocess(16, 18, "shortest", "bilinear", (0.5,) * 3, (0.25,) * 3)
        params = BackboneParams(kind="timm", name="tiny")
        return Backbone(params, module, 10, preprocess, "none", lambda: merged_state(module, {}), "0" * 64)

    return make


@pytest.fixture
def params() -> TrainParams:
    return TrainParams(
        epochs=3, batch_size=8, dim=16, backbone_lr=1e-3, projector_lr=1e-2, batch_norm="frozen"
    )
