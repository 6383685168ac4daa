"""Everything a grid needs of a project in which `dvc repro shards` ran, in one folder that can travel.

Images are stored at the size at which the backbone's preprocessing crops them, so that it only crops.
"""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from pacl_core.corpus.provenance import MATCHED
from pacl_core.files.tables import scan_table
from pacl_core.methods.pacl.division import recorded_places
from pacl_core.methods.pacl.pseudo_labels.centres import assign, find_centres
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.params import Params, load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.models.text_encoders.affect import AffectEncoder
from pacl_core.models.text_encoders.concat import ConcatEncoder
from pacl_core.models.text_encoders.hf import HfEncoder
from pacl_core.params.models import TextEncoderParams
from scripts.training_grid.cells import CLUSTERS, ENCODERS

BATCH = 64
QUALITY = 85  # of JPEG, colours at full size


def prepare(out: Path, columns: list[str], group: str | None) -> None:
    """Write `pairs.*`, `texts-<encoder>.npy`, `labels.npz`, `items.*`, `backbone.json` below `out`.

    Items are those of the sets under `downstream`, without their test split; `columns` are the values to
    predict, `group` the column whose items are never in two folds.
    """
    params = load("params.yaml")
    out.mkdir(parents=True)
    samples = read_shards(Path("data/shards"), out)
    (out / "texts.npy").unlink()
    preprocess = load_backbone(params.backbone).preprocess
    table = scan_table(Path("data/pairs")).select("sample_id", "text").collect()
    texts = dict(table.iter_rows())
    ordered = [texts[one] for one in samples.sample_ids]
    labels = {"image-" + str(k): _clusters(_image_vectors(samples), params, k) for k in CLUSTERS}
    for name, encoder in _encoders(ordered).items():
        vectors = _encoded(encoder, ordered)
        np.save(out / f"texts-{name}.npy", vectors)
        labels |= {f"{name}-{k}": _clusters(vectors, params, k) for k in CLUSTERS}
    np.savez(out / "labels.npz", **labels)
    places = _store(out / "pairs.bin", (samples.image(row) for row in range(len(ordered))), preprocess)
    recorded = _recorded(samples)
    sizes = [len(samples.rows[name]) for name in samples.rows]
    np.savez(out / "pairs.npz", places=places, sizes=sizes, recorded=recorded)
    pl.DataFrame({"sample_id": [str(row) for row in range(len(ordered))]}).write_parquet(out / "ids.parquet")
    items = _items(params, columns, group)
    pictures = (Image.open(io.BytesIO(png)).convert("RGB") for png in items["image"])
    places = _store(out / "items.bin", pictures, preprocess)
    kept = {name: items[name].to_numpy() for name in items.columns if name != "image"}
    np.savez(out / "items.npz", places=places, **kept)
    description = {"backbone": params.backbone.model_dump(), "train": params.train.model_dump()}
    (out / "params.json").write_text(json.dumps(description | {"columns": columns, "group": group}))
    size = sum(file.stat().st_size for file in out.iterdir()) / 2**20
    print(f"{out}: {len(ordered)} pairs, {len(items)} items, {size:.0f} MiB")


def _image_vectors(samples: Samples) -> NDArray[np.float32]:
    """Features of the untouched backbone, in the samples' order."""
    from pacl_core.files.vectors import read_vectors

    stored = read_vectors(Path("data/embeddings/image"))
    ids = pl.read_parquet(stored.ids)["sample_id"].to_list()
    place = {one: row for row, one in enumerate(ids)}
    return np.asarray(stored.vectors[[place[one] for one in samples.sample_ids]], np.float32)


@dataclass(frozen=True)
class Remembered:
    """A text encoder that looks up what it encoded once: most encoders of a grid begin with MiniLM."""

    vector_of: dict[str, NDArray[np.float32]]
    dim: int
    pads: bool = False

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.vector_of[text] for text in texts])


def _encoders(texts: list[str]) -> dict[str, TextEncoder]:
    found: dict[str, TextEncoder] = {}
    for shown, (kind, name) in ENCODERS.items():
        encoder = load_text_encoder(TextEncoderParams.model_validate({"kind": kind, "name": name}), "cpu")
        if shown == "minilm":
            vectors = _encoded(encoder, texts)
            found[shown] = Remembered(dict(zip(texts, vectors, strict=True)), encoder.dim)
        else:
            found[shown] = _resting_on(found["minilm"], encoder)
    return found


def _resting_on(minilm: TextEncoder, encoder: TextEncoder) -> TextEncoder:
    if isinstance(encoder, ConcatEncoder):
        return replace(encoder, encoders=tuple(_resting_on(minilm, part) for part in encoder.encoders))
    if isinstance(encoder, AffectEncoder):
        return replace(encoder, encoder=minilm)
    return minilm if isinstance(encoder, HfEncoder) else encoder


def _encoded(encoder: TextEncoder, texts: list[str]) -> NDArray[np.float32]:
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vectors = np.empty((len(texts), encoder.dim), np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        vectors[rows] = encoder.encode_texts([texts[row] for row in rows])
    return vectors


def _clusters(vectors: NDArray[np.float32], params: Params, k: int) -> NDArray[np.int64]:
    chosen = params.pseudo_labels.model_copy(update={"k": k})
    if chosen.normalise:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    centres = find_centres(vectors, chosen, "vectors")
    return np.asarray(assign(vectors, centres, False, what="vectors")[0], np.int64)


def _recorded(samples: Samples) -> NDArray[np.int64]:
    """The place of each sample's partition by the record; -1 where there is none."""
    if "provenance" not in scan_table(Path("data/pairs")).collect_schema():
        return np.full(len(samples.sample_ids), -1)
    return recorded_places(Path("data/pairs"), samples.sample_ids, MATCHED).astype(np.int64)


def _items(params: Params, columns: list[str], group: str | None) -> pl.DataFrame:
    wanted = ["image", *columns, *([group] if group and group not in columns else [])]
    found = []
    for name in params.downstream:
        table = pl.read_parquet(Path("data/downstream") / f"{name}.parquet")
        if "test" in table["split"].unique().to_list() and group:
            table = table.filter(pl.col("split") != "test")
        found.append(table.select(*wanted, pl.lit(name).alias("set")))
    return pl.concat(found)


def _store(path: Path, images: Iterable[Image.Image], preprocess: Preprocess) -> NDArray[np.int64]:
    """[N, 3]: 0, offset and length of each image in `path`, as JPEG."""
    places: list[Any] = []
    with path.open("wb") as stream:
        for image in images:
            jpeg = io.BytesIO()
            _shrunk(image, preprocess).save(jpeg, format="JPEG", quality=QUALITY, subsampling=0)
            places.append((0, stream.tell(), stream.write(jpeg.getvalue())))
    return np.array(places, np.int64)


def _shrunk(image: Image.Image, preprocess: Preprocess) -> Image.Image:
    width, height = image.size
    side = preprocess.resize
    scale = side / min(width, height)
    box = (side, int(height * scale)) if width <= height else (int(width * scale), side)
    image = image.resize(box, Image.Resampling.BICUBIC)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
