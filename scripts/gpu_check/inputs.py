"""What the checks run on, all made here: images, their shards, a backbone of random weights."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measured.corpus import photographs
from benchmarks.measured.small_models import write_timm
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.pacl.params import ShardsParams
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards import write_shards
from pacl_core.params.models import BackboneParams

TEXT_DIM, FEW = 64, 128
BACKBONE, SIZE = "test_efficientnet", 64  # BatchNorm, and a deterministic kernel for every layer


@dataclass(frozen=True)
class Sizes:
    """How much is done. `models`: timm's names and image sizes; `losses`: batches of the objective."""

    pairs: int
    models: tuple[tuple[str, int], ...]
    batch: int
    encoding_batch: int
    losses: tuple[int, ...]
    chunk: int
    rounds: int = 1
    compiled: bool = True


ON_GPU = Sizes(
    pairs=2048,
    models=(("resnet50", 224), ("vit_base_patch16_224", 224)),
    batch=64,
    encoding_batch=256,
    losses=(16384, 32768),
    chunk=1024,
    rounds=3,
)
LARGE = 40e9  # bytes: below, ViT-B/16 has no room for 4 x 64 images, nor ClipLoss for 32768 pairs
ON_SMALL_GPU = replace(ON_GPU, batch=16, losses=(16384,))
ON_CPU = Sizes(
    pairs=128,
    models=(("resnet18", 64), ("test_vit", 160)),
    batch=8,
    encoding_batch=16,
    losses=(1024,),
    chunk=256,
)
QUICK = Sizes(
    pairs=64,
    models=(("test_resnet", 64),),
    batch=8,
    encoding_batch=16,
    losses=(128,),
    chunk=32,
    compiled=False,
)


@dataclass(frozen=True)
class Place:
    """A folder with `pairs.parquet`, `shards` and the backbone's weights, and the device that is checked."""

    folder: Path
    device: str
    sizes: Sizes

    @property
    def pairs(self) -> Path:
        return self.folder / "pairs.parquet"

    @property
    def few(self) -> Path:
        """The first of the pairs: what is trained on, and what a CPU can be asked for, too."""
        return self.folder / "few.parquet"

    @property
    def shards(self) -> Path:
        return self.folder / "shards"


def backbone(folder: Path) -> BackboneParams:
    """The backbone that is trained, of weights that are the same each time."""
    return BackboneParams(**write_timm(BACKBONE, SIZE, folder))


def write_inputs(place: Place) -> None:
    """Pairs to encode; shards of the few, as many in each partition, with random texts and labels in turn."""
    table = photographs(place.sizes.pairs)
    pq.write_table(table, place.pairs, row_group_size=256)
    few = table[:FEW]
    pq.write_table(few, place.few)
    rng = np.random.default_rng(0)
    ids, count = few["sample_id"], len(few)
    names = np.resize(PARTITIONS, count)
    scores = pa.array(rng.random(count, np.float32))
    made = {
        "partition": {"partition": names, "factual_score": scores, "emotional_score": scores},
        "pseudo_labels": {
            "factual_label": np.arange(count) // 4 % 3,
            "emotional_label": np.arange(count) // 4 % 2,
        },
    }
    for name, columns in made.items():
        pq.write_table(pa.table({"sample_id": ids, **columns}), place.folder / f"{name}.parquet")
    vectors = rng.standard_normal((count, TEXT_DIM), np.float32)
    write_vectors(place.folder / "texts", place.few, lambda at, end: vectors[at:end], dim=TEXT_DIM)
    inputs = write_shards.Inputs(
        place.few,
        place.folder / "partition.parquet",
        place.folder / "pseudo_labels.parquet",
        place.folder / "texts",
    )
    work = place.folder / "work"
    work.mkdir()
    write_shards.write_shards(inputs, place.shards, ShardsParams(), work=work)
