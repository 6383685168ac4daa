"""Which trainings a grid has: each a `Cell`, in the order in which they are run."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from pacl_core.methods.pacl.params import TrainParams

SEEDS = (0, 1, 2)
ENCODERS = {
    "minilm": ("minilm", "all-MiniLM-L6-v2"),
    "affect": ("affect", "minilm-rbf16"),
    "affect-pls8": ("affect", "minilm-pls8"),
    "nade": ("nade", "socialmedia_en"),
    "concat": ("concat", "minilm:all-MiniLM-L6-v2 + 2 * affect:minilm-rbf16"),
}
PARTITIONS = ("estimated", "none", "random", "record")  # as `recipes` names them
CLUSTERS = (2, 8)  # K of the pseudo-labels


@dataclass(frozen=True)
class Cell:
    """One training: `pairs` of all pairs (None: all), `k` clusters, `train` besides the preset's section."""

    encoder: str
    partition: str
    k: int = 2
    pairs: int | None = None
    train: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Without the seed: trainings of the same name differ in nothing else."""
        own = [f"{key}={value}" for key, value in sorted(self.train.items()) if key != "seed"]
        return " ".join([self.encoder, self.partition, f"k={self.k}", f"pairs={self.pairs or 'all'}", *own])


def params_of(cell: Cell, base: dict[str, Any]) -> TrainParams:
    return TrainParams.model_validate({**base, **cell.train})


def seeded(encoder: str, partition: str, *, seeds: tuple[int, ...], **other: Any) -> Iterator[Cell]:
    """The same training by each seed; `k` and `pairs` are the cell's, all else the training's."""
    own = {key: other.pop(key) for key in ("k", "pairs") if key in other}
    for seed in seeds:
        yield Cell(encoder, partition, train={**other, "seed": seed}, **own)


def scenes() -> list[Cell]:
    """Text encoder x partition, then batch, pairs, epochs, K and warm-up around the affective encoder.

    By one seed first, so that a run that is cut short has every row.
    """
    most = ("none", "estimated", "record")
    cells: list[Cell] = []
    for seed in SEEDS:
        only = {"seeds": (seed,)}
        for encoder in ("affect", "minilm", "concat", "nade"):
            for partition in PARTITIONS:
                cells += seeded(encoder, partition, **only)
        for partition in most:
            cells += seeded("affect", partition, pairs=1000, **only)
        for partition in most:
            cells += seeded("affect", partition, batch_size=256, **only)
        for partition in most:
            cells += seeded("affect", partition, epochs=6, **only)
            cells += seeded("affect", partition, projector_warmup_steps=0, **only)
            cells += seeded("affect", partition, backbone_lr=1e-4, **only)
        cells += seeded("affect", "record", k=8, **only)
        cells += seeded("affect-pls8", "none", **only)
        cells += seeded("affect", "record", usage="strong", **only)
    return cells


def partitions() -> list[Cell]:
    """What the partition decides where there are images enough: the preset's training, three seeds."""
    order = ("record", "estimated", "none", "random")
    return [cell for seed in SEEDS for kind in order for cell in seeded("affect", kind, seeds=(seed,))]


def photographs() -> list[Cell]:
    """What brings emotion from posts into a backbone that is judged on photographs."""
    cells: list[Cell] = []
    for encoder, partition in product(
        ("minilm", "affect", "concat", "nade"), ("none", "estimated", "random")
    ):
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=1e-4)
    for encoder, partition in product(("affect", "concat"), ("none", "estimated")):
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=3e-4)
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=3e-5)
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=1e-4, batch_size=1024, epochs=12)
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=1e-4, epochs=9, **AUGMENTED)
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=1e-4, temperature=0.3)
        cells += seeded(encoder, partition, seeds=(0, 1), backbone_lr=1e-4, layer_decay=0.7)
    return cells


AUGMENTED = {"random_resized_crop": True, "horizontal_flip": True}
GRIDS = {"scenes": scenes, "partitions": partitions, "photographs": photographs}
